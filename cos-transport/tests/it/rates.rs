//! The limits of a client over real connections, and by the real clock.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cos_emulator::{Emulator, Object};
use http_body_util::BodyExt as _;
use tokio::task::JoinSet;

use crate::support::{bucket, builder, credentials, emulator, head, key};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_tasks_share_fifty_requests_a_second() {
    const TIME: Duration = Duration::from_secs(10);
    let emulator = emulator().await;
    let fifty = NonZeroU64::new(50).unwrap();
    let client = builder(&emulator)
        .requests_per_second(fifty)
        .build()
        .unwrap();
    let turns: Arc<Vec<AtomicU32>> = Arc::new((0..200).map(|_| AtomicU32::new(0)).collect());
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for task in 0..turns.len() {
        let (client, turns) = (client.clone(), Arc::clone(&turns));
        tasks.spawn(async move {
            while started.elapsed() < TIME {
                client.head_object(head()).await.unwrap();
                turns[task].fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tokio::time::sleep_until((started + TIME).into()).await;
    let sent = client.stats().attempts();
    tasks.shutdown().await;
    assert!((475..=525).contains(&sent), "{sent}");
    let turns = turns.iter().map(|turns| turns.load(Ordering::Relaxed));
    let (least, most) = (turns.clone().min(), turns.max());
    assert!(least >= Some(1) && most <= Some(4), "{least:?} to {most:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_connections_share_twenty_mebibytes_a_second() {
    const RATE: u32 = 20 << 20;
    const WINDOW: Duration = Duration::from_secs(5);
    const EACH: u64 = 20 << 20;
    let bucket = bucket();
    bucket.put("large", Object::generated(1, EACH));
    let emulator = Emulator::builder()
        .bucket(bucket)
        .credentials(credentials())
        .start()
        .await
        .unwrap();
    let rate = NonZeroU64::new(RATE.into()).unwrap();
    let client = builder(&emulator).bytes_per_second(rate).build().unwrap();
    let mut bodies = JoinSet::new();
    for _ in 0..8 {
        let (_, mut body) = client.get_object(key("large")).await.unwrap();
        bodies.spawn(async move {
            while let Some(frame) = body.frame().await {
                frame.unwrap();
            }
        });
    }
    let stats = client.stats();
    let started = Instant::now();
    let bytes = || f64::from(u32::try_from(stats.bytes()).unwrap());
    // The first bodies have come while the heads of the others were awaited.
    let mut samples = vec![(Duration::ZERO, bytes())];
    while stats.bytes() < 8 * EACH * 19 / 20 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        samples.push((started.elapsed(), bytes()));
    }
    assert_eq!(emulator.connections(), 8);
    let mut windows = 0;
    for (n, (from, before)) in samples.iter().enumerate() {
        let end = samples[n..].iter().find(|(to, _)| *to - *from >= WINDOW);
        let Some((to, after)) = end else { break };
        let rate = (after - before) / (*to - *from).as_secs_f64() / f64::from(RATE);
        assert!(
            (0.9..=1.1).contains(&rate),
            "{rate} from {from:?} to {to:?}"
        );
        windows += 1;
    }
    assert!(windows > 10, "{windows}");
    bodies.shutdown().await;
}
