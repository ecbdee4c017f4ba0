//! Anything that can happen, in any order: the count stays right, and nobody gets ahead of another.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Start,
    Answer(usize),
    SlowDown(usize),
    Fail(usize),
    /// A body is asked for its next frame.
    Read(usize),
    Drop(usize),
    /// So many seconds pass.
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Start),
        4 => any::<usize>().prop_map(Step::Answer),
        1 => any::<usize>().prop_map(Step::SlowDown),
        1 => any::<usize>().prop_map(Step::Fail),
        2 => any::<usize>().prop_map(Step::Read),
        4 => any::<usize>().prop_map(Step::Drop),
        1 => (1_u64..15).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..200)
}

/// A request as the one who made it has it.
enum Open {
    Request(Waiting),
    Body(InFlightBody<FedBody>),
}

/// All that the random test keeps beside the fixture.
#[derive(Default)]
struct World {
    started: usize,
    open: BTreeMap<usize, Open>,
    /// Requests that the service below has got and not answered.
    unanswered: BTreeMap<usize, SendResponse<Answer>>,
    last_arrived: Option<usize>,
    /// Kept, so that no body ends by itself.
    feeds: Vec<Feed>,
}

impl World {
    fn step(&mut self, f: &mut Fixture, step: Step) {
        let answer = match step {
            Step::Start => {
                let request = task::spawn(f.service.call(Request::new(self.started)));
                self.open.insert(self.started, Open::Request(request));
                self.started += 1;
                return;
            }
            Step::Drop(which) => {
                if let Some(number) = nth(&self.open, which) {
                    self.open.remove(&number);
                }
                return;
            }
            Step::Read(which) => {
                let open = nth(&self.open, which).and_then(|number| self.open.get_mut(&number));
                if let Some(Open::Body(body)) = open {
                    drop(task::spawn(body.frame()).poll());
                }
                return;
            }
            Step::Pass(_) => return,
            Step::Answer(which) => (which, Some(Response::new(()))),
            Step::SlowDown(which) => (which, Some(slow_down())),
            Step::Fail(which) => (which, None),
        };
        let Some(number) = nth(&self.unanswered, answer.0) else {
            return;
        };
        let send = self.unanswered.remove(&number).unwrap();
        match answer.1 {
            Some(head) => {
                let (feed, body) = fed_body();
                self.feeds.push(feed);
                send.send_response(head.map(|()| body));
            }
            None => send.send_error("broken"),
        }
    }

    /// Polls all that wait, and takes in what has come through.
    fn settle(&mut self, f: &mut Fixture) {
        let mut failed = Vec::new();
        for (&number, open) in &mut self.open {
            if let Open::Request(request) = open {
                match request.poll() {
                    Poll::Ready(Ok(response)) => *open = Open::Body(response.into_body()),
                    Poll::Ready(Err(_)) => failed.push(number),
                    Poll::Pending => {}
                }
            }
        }
        for number in failed {
            self.open.remove(&number);
        }
        while let Some((number, send)) = f.arrived() {
            assert!(self.last_arrived < Some(number), "{number} out of turn");
            self.last_arrived = Some(number);
            self.unanswered.insert(number, send);
        }
    }
}

fn nth<T>(map: &BTreeMap<usize, T>, which: usize) -> Option<usize> {
    let which = which.checked_rem(map.len())?;
    map.keys().nth(which).copied()
}

proptest! {
    #[test]
    fn whatever_happens_the_count_is_right_the_order_is_kept_and_nothing_leaks(
        ceiling in 1_usize..10,
        steps in steps(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let _entered = runtime.enter();
        let mut f = fixture(ceiling);
        let mut world = World::default();
        for step in steps {
            if let Step::Pass(seconds) = step {
                runtime.block_on(advance(Duration::from_secs(seconds)));
            }
            let before = f.seen.in_flight();
            world.step(&mut f, step);
            let back = f.seen.in_flight().saturating_sub(before);
            // What one settles may let in another.
            world.settle(&mut f);
            world.settle(&mut f);

            let (in_flight, waiting) = (f.seen.in_flight(), f.seen.waiting());
            prop_assert_eq!(in_flight + f.seen.lent() + waiting, world.open.len());
            prop_assert!(f.seen.limit() <= ceiling);
            // More than before only where there was room, or a reader has come back.
            prop_assert!(in_flight <= (before + back).max(f.seen.limit()));
            prop_assert!(waiting == 0 || in_flight >= f.seen.limit(), "room, and somebody waits");
        }
        drop(world);
        prop_assert_eq!((f.seen.in_flight(), f.seen.lent(), f.seen.waiting()), (0, 0, 0));
    }
}
