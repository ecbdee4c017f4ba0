//! What the pieces of work take in time; `icount` counts their instructions.

use cos_benches::work;
use criterion::{Criterion, criterion_group, criterion_main};

fn all(criterion: &mut Criterion) {
    for piece in work::ALL {
        criterion.bench_function(piece.name, |bencher| bencher.iter((piece.ready)()));
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
