//! A line of waiters at random, in paused time: who waits is polled only when it was woken.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;

use proptest::prelude::*;
use tokio_test::task::{self, Spawn};

use super::*;

const TICK: Duration = Duration::from_millis(1);

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Somebody comes, and wants so many tokens.
    Come(u64),
    /// Somebody goes.
    Go(usize),
    /// Somebody is not polled any more.
    Forget(usize),
    /// So many milliseconds pass.
    Pass(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (1_u64..=QUANTUM).prop_map(Step::Come),
        2 => any::<usize>().prop_map(Step::Go),
        1 => any::<usize>().prop_map(Step::Forget),
        4 => (1_u8..30).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..60)
}

/// A thousand a second, and a hundred at once.
fn pace() -> Pace {
    Pace::new(NonZeroU64::new(1_000).unwrap(), Duration::from_millis(100))
}

const QUANTUM: u64 = 50;

type Waiter = Spawn<Pin<Box<dyn Future<Output = ()>>>>;

struct World {
    pace: Pace,
    come: usize,
    waiters: BTreeMap<usize, (u64, Waiter)>,
    forgotten: Vec<Waiter>,
    /// Who was served, when, and with how much.
    served: Vec<(usize, Instant, u64)>,
    /// For how long the first has waited although its tokens were there.
    overdue: u32,
}

impl World {
    fn come(&mut self, tokens: u64) {
        let mut turn = self.pace.turn();
        let taken = async move { poll_fn(|cx| turn.poll_take(tokens, cx)).await };
        let mut waiter: Waiter = task::spawn(Box::pin(taken));
        let number = self.come;
        self.come += 1;
        if waiter.poll().is_ready() {
            self.served.push((number, Instant::now(), tokens));
        } else {
            self.waiters.insert(number, (tokens, waiter));
        }
    }

    fn take_out(&mut self, which: usize) -> Option<Waiter> {
        let which = which.checked_rem(self.waiters.len())?;
        let number = *self.waiters.keys().nth(which)?;
        self.waiters.remove(&number).map(|(_, waiter)| waiter)
    }

    /// Polls who was woken, until nobody is.
    fn settle(&mut self) {
        loop {
            let mut woken = 0;
            let served = &mut self.served;
            self.waiters.retain(|&number, (tokens, waiter)| {
                if !waiter.is_woken() {
                    return true;
                }
                woken += 1;
                let ready = waiter.poll().is_ready();
                if ready {
                    served.push((number, Instant::now(), *tokens));
                }
                !ready
            });
            if woken == 0 {
                return;
            }
        }
    }

    /// Whether the first in the line could be served.
    fn first_is_due(&self) -> bool {
        let now = Instant::now();
        self.pace.state.with(|state, _| {
            let first = state.line.first().map(|(_, first)| first.tokens);
            let passed = now.duration_since(state.start);
            first.is_some_and(|tokens| state.bucket.wait(tokens, passed).is_zero())
        })
    }
}

proptest! {
    #[test]
    fn nobody_is_served_out_of_turn_too_early_too_late_or_never(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let _entered = runtime.enter();
        let pace = pace();
        prop_assert_eq!(pace.quantum(), QUANTUM);
        let mut world = World {
            pace,
            come: 0,
            waiters: BTreeMap::new(),
            forgotten: Vec::new(),
            served: Vec::new(),
            overdue: 0,
        };
        // At the end, enough time for all that can have come.
        for step in steps.into_iter().chain([Step::Pass(250); 60]) {
            match step {
                Step::Come(tokens) => world.come(tokens),
                Step::Go(which) => drop(world.take_out(which)),
                Step::Forget(which) => {
                    let waiter = world.take_out(which);
                    world.forgotten.extend(waiter);
                }
                Step::Pass(_) if world.waiters.is_empty() => {}
                Step::Pass(ticks) => {
                    for _ in 0..ticks {
                        runtime.block_on(tokio::time::advance(TICK));
                        world.settle();
                        world.overdue = if world.first_is_due() { world.overdue + 1 } else { 0 };
                        // Those behind one that is forgotten look for themselves, in their time.
                        prop_assert!(world.overdue <= 2 || !world.forgotten.is_empty());
                    }
                }
            }
            world.settle();
        }
        prop_assert!(world.waiters.is_empty(), "somebody waits for ever");
        // Several that are served at one instant are polled in any order.
        world.served.sort_by_key(|&(number, at, _)| (at, number));
        prop_assert!(world.served.is_sorted_by_key(|&(number, ..)| number), "out of turn");
        for (from, &(_, start, _)) in world.served.iter().enumerate() {
            let mut sum = 0;
            for &(_, end, tokens) in &world.served[from..] {
                sum += u128::from(tokens);
                prop_assert!(sum <= (end - start).as_millis() + 100, "more than the rate");
            }
        }
        world.forgotten.clear();
        prop_assert_eq!(world.pace.waiting(), 0);
    }
}
