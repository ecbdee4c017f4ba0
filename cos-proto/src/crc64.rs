//! The CRC64 that COS publishes for objects, and its combination.
//!
//! `x-cos-hash-crc64ecma` is, in spite of its name, CRC-64/XZ: the reflected polynomial
//! `0xC96C5795D7870F42` with initial value and final XOR all ones (the vendor's SDKs compute Go's
//! `crc64.ECMA` and crcmod's `0x142F0E1EBA9EA3693` reflected). The header's value is a decimal
//! number.

use crc_fast::{CrcAlgorithm, Digest};

/// A CRC64 being folded over bytes.
///
/// ```
/// use cos_proto::Crc64;
///
/// let mut crc = Crc64::new();
/// crc.update(b"12345");
/// crc.update(b"6789");
/// assert_eq!(crc.value(), 0x995d_c9bb_df19_39fa);
/// ```
#[derive(Clone)]
pub struct Crc64(Digest);

impl Crc64 {
    /// The CRC64 of no bytes, 0.
    #[must_use]
    pub fn new() -> Self {
        Self(Digest::new(CrcAlgorithm::Crc64Xz))
    }

    /// Folds further bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The CRC64 of all bytes so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.finalize()
    }
}

impl Default for Crc64 {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for Crc64 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Crc64({:#018x})", self.value())
    }
}

/// The CRC64 of some bytes.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u64 {
    let mut crc = Crc64::new();
    crc.update(bytes);
    crc.value()
}

/// The CRC64 of two runs of bytes after each other, from the CRC64 of each and the length of the
/// second in bytes.
///
/// Every length is right, `u64::MAX` included; it takes at most 64 multiplications, whatever the
/// length.
///
/// ```
/// use cos_proto::crc64;
///
/// let (left, right) = (14_865_968_487_149_912_872, 7_598_038_797_645_275_211);
/// assert_eq!(crc64::combine(left, right, 5), 0x995d_c9bb_df19_39fa);
/// ```
#[must_use]
pub fn combine(left: u64, right: u64, right_len: u64) -> u64 {
    // crc(A ‖ B) = crc(A)·x^(8·|B|) mod P ⊕ crc(B): initial value and final XOR cancel out, as both
    // are all ones.
    let shifted = (0..u64::BITS)
        .zip(&SHIFTS)
        .filter(|(bit, _)| right_len >> bit & 1 == 1)
        .fold(left, |value, (_, shift)| multiply(value, *shift));
    shifted ^ right
}

/// The reflected polynomial: the lowest bit is the coefficient of x^63.
const POLYNOMIAL: u64 = 0xC96C_5795_D787_0F42;

/// The polynomial 1.
const ONE: u64 = 1 << 63;

/// `x^(8·2^k) mod P` at index `k`: what appending `2^k` zero bytes multiplies a CRC with.
///
/// One entry per bit of a length in bytes. The table may not be shortened to wrap around: P is not
/// irreducible, so that `x^(2^64)` is not `x`.
const SHIFTS: [u64; 64] = shifts();

const fn shifts() -> [u64; 64] {
    let mut table = [0; 64];
    // x^8 in the reflected form.
    let mut shift = ONE >> 8;
    let mut entries: &mut [u64] = &mut table;
    while let Some((entry, rest)) = entries.split_first_mut() {
        *entry = shift;
        shift = multiply(shift, shift);
        entries = rest;
    }
    table
}

/// The product of two polynomials modulo P, all in the reflected form.
const fn multiply(mut a: u64, mut b: u64) -> u64 {
    let mut product = 0;
    while a != 0 {
        // The highest bit is the coefficient of 1, so `a` is read from there while `b` is
        // multiplied by x.
        if a & ONE != 0 {
            product ^= b;
        }
        a <<= 1;
        b = if b & 1 == 1 {
            b >> 1 ^ POLYNOMIAL
        } else {
            b >> 1
        };
    }
    product
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec;
    use alloc::vec::Vec;

    use crc::{CRC_64_XZ, Crc};
    use proptest::prelude::*;

    use super::*;

    const ORACLE: Crc<u64> = Crc::<u64>::new(&CRC_64_XZ);

    /// The crossings of 32 bits, and the largest object that COS stores.
    const LENGTHS: [u64; 12] = [
        1,
        255,
        256,
        1 << 20,
        (1 << 32) - 1,
        1 << 32,
        (1 << 32) + 1,
        50 << 40,
        (1 << 61) - 1,
        1 << 61,
        (1 << 61) + 1,
        u64::MAX,
    ];

    /// A run of zeros by another way: the matrix over GF(2) of one zero byte, squared, as zlib's
    /// `crc32_combine` did it.
    mod matrix {
        type Matrix = [u64; 64];

        fn times(matrix: &Matrix, vector: u64) -> u64 {
            (0..64)
                .filter(|bit| vector >> bit & 1 == 1)
                .fold(0, |sum, bit| sum ^ matrix[bit])
        }

        fn squared(matrix: &Matrix) -> Matrix {
            matrix.map(|row| times(matrix, row))
        }

        pub(super) fn combine(left: u64, right: u64, mut len: u64) -> u64 {
            // Row 0 is what the lowest bit turns into, x^63 times x; every other bit moves down by
            // one.
            let one_bit: Matrix = core::array::from_fn(|bit| {
                if bit == 0 {
                    super::POLYNOMIAL
                } else {
                    1 << (bit - 1)
                }
            });
            let mut matrix = squared(&squared(&squared(&one_bit)));
            let mut value = left;
            while len > 0 {
                if len & 1 == 1 {
                    value = times(&matrix, value);
                }
                matrix = squared(&matrix);
                len >>= 1;
            }
            value ^ right
        }
    }

    #[test]
    fn documented_values_are_reproduced() {
        assert_eq!(checksum(b""), 0);
        assert_eq!(checksum(b"123456789"), 11_051_210_869_376_104_954);
        assert_eq!(checksum(b"1234"), 14_865_968_487_149_912_872);
        assert_eq!(checksum(b"56789"), 7_598_038_797_645_275_211);
        // As printed in the documentation of GET and HEAD Object.
        assert_eq!(checksum(b"[Object Content]"), 16_749_565_679_157_681_890);
        assert_eq!(
            checksum(b"[Object Content Version 2]"),
            11_596_229_263_574_363_878
        );
        assert_eq!(checksum(&vec![0; 1 << 20]), 6_947_770_692_288_575_170);
    }

    /// Each implementation has steps of its own for what fills its registers and what is left over.
    #[test]
    fn every_length_and_alignment_agrees_with_another_implementation() {
        let bytes: Vec<u8> = (0_u32..2200)
            .map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        for start in [0, 1, 7, 16, 33, 63] {
            let mut expected = ORACLE.digest();
            for (len, last) in (1..).zip(&bytes[start..]) {
                expected.update(&[*last]);
                let (run, rest) = bytes[start..][..len].split_at(len / 3);
                let mut crc = Crc64::new();
                crc.update(run);
                crc.update(rest);
                let expected = expected.clone().finalize();
                assert_eq!(crc.value(), expected, "{start}, {len}");
            }
        }
    }

    #[test]
    fn nothing_combined_changes_nothing() {
        let crc = checksum(b"123456789");
        assert_eq!(combine(crc, 0, 0), crc);
        assert_eq!(combine(0, crc, 9), crc);
        assert_eq!(Crc64::default().value(), 0);
        assert_eq!(format!("{:?}", Crc64::new()), "Crc64(0x0000000000000000)");
    }

    #[test]
    fn long_runs_agree_with_the_matrix_method() {
        let left = checksum(b"left");
        for len in LENGTHS {
            assert_eq!(
                combine(left, 7, len),
                matrix::combine(left, 7, len),
                "{len}"
            );
        }
    }

    #[test]
    fn runs_may_be_put_together_in_any_order() {
        // Appending n zeros and then m is appending n + m, also where the sum crosses a power of
        // two.
        let left = checksum(b"left");
        for (n, m) in [
            (u32::MAX.into(), 1),
            (1 << 32, 1),
            (50 << 40, 50 << 40),
            (1 << 61, 1 << 61),
            (1 << 63, (1 << 63) - 1),
        ] {
            assert_eq!(
                combine(combine(left, 0, n), 0, m),
                combine(left, 0, n + m),
                "{n} and {m}"
            );
        }
    }

    proptest! {
        #[test]
        fn bytes_agree_with_another_implementation(bytes: Vec<u8>, split: prop::sample::Index) {
            let expected = ORACLE.checksum(&bytes);
            prop_assert_eq!(checksum(&bytes), expected);
            let (left, right) = bytes.split_at(split.index(bytes.len() + 1));
            let right_len = right.len().try_into().unwrap();
            prop_assert_eq!(combine(checksum(left), checksum(right), right_len), expected);
        }

        #[test]
        fn any_length_agrees_with_the_matrix_method(left: u64, right: u64, len: u64) {
            prop_assert_eq!(combine(left, right, len), matrix::combine(left, right, len));
        }
    }
}
