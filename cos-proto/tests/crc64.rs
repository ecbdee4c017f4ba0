//! CRC64 against values that the vendor's Python SDK computed (`tests/vectors/crc64.json`).
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use cos_proto::crc64::{self, Crc64};
use serde_json::Value;

const VECTORS: &str = include_str!("vectors/crc64.json");

/// The bytes of a row: described by a formula, or given.
fn bytes(row: &Value) -> Vec<u8> {
    let described = row["bytes"].as_str().unwrap();
    if described != "byte i is (i*131 + (i>>8)*7) & 255" {
        return described.as_bytes().to_vec();
    }
    let len = row["len"].as_u64().unwrap();
    (0..len)
        .map(|i| u8::try_from((i * 131 + (i >> 8) * 7) & 255).unwrap())
        .collect()
}

fn number(row: &Value, name: &str) -> u64 {
    row[name].as_str().unwrap().parse().unwrap()
}

#[test]
fn every_vector_is_reproduced_whole_split_and_combined() {
    let rows: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(rows.len(), 13);
    for row in &rows {
        let bytes = bytes(row);
        assert_eq!(
            u64::try_from(bytes.len()).unwrap(),
            row["len"].as_u64().unwrap()
        );
        let expected = number(row, "crc64");
        assert_eq!(crc64::checksum(&bytes), expected, "{row}");

        let splits: Vec<usize> = match row.get("split_at") {
            Some(at) => {
                let at = usize::try_from(at.as_u64().unwrap()).unwrap();
                let (left, right) = bytes.split_at(at);
                assert_eq!(crc64::checksum(left), number(row, "crc64_left"), "{row}");
                assert_eq!(crc64::checksum(right), number(row, "crc64_right"), "{row}");
                vec![at]
            }
            None => (0..=bytes.len()).collect(),
        };
        for at in splits.into_iter().chain([0, bytes.len() / 2, bytes.len()]) {
            let (left, right) = bytes.split_at(at);
            let len = u64::try_from(right.len()).unwrap();
            assert_eq!(
                crc64::combine(crc64::checksum(left), crc64::checksum(right), len),
                expected,
                "{row} at {at}"
            );
            let mut crc = Crc64::new();
            crc.update(left);
            crc.update(right);
            assert_eq!(crc.value(), expected, "{row} at {at}");
        }
    }
}
