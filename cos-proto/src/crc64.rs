//! The CRC64 that COS publishes for objects, and its combination.
//!
//! `x-cos-hash-crc64ecma` is, in spite of its name, CRC-64/XZ: the reflected polynomial `0xC96C5795D7870F42` with initial
//! value and final XOR all ones (the vendor's SDKs compute Go's `crc64.ECMA` and crcmod's `0x142F0E1EBA9EA3693` reflected).
//! The header's value is a decimal number.

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
pub struct Crc64(crc64fast::Digest);

impl Crc64 {
    /// The CRC64 of no bytes, 0.
    #[must_use]
    pub fn new() -> Self {
        Self(crc64fast::Digest::new())
    }

    /// Folds further bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    /// The CRC64 of all bytes so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.sum64()
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

/// The CRC64 of two runs of bytes after each other, from the CRC64 of each and the length of the second in bytes.
///
/// ```
/// use cos_proto::crc64;
///
/// let (left, right) = (14_865_968_487_149_912_872, 7_598_038_797_645_275_211);
/// assert_eq!(crc64::combine(left, right, 5), 0x995d_c9bb_df19_39fa);
/// ```
#[must_use]
pub fn combine(left: u64, right: u64, right_len: u64) -> u64 {
    todo!()
}

/// The CRC64 of some bytes.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u64 {
    let mut crc = Crc64::new();
    crc.update(bytes);
    crc.value()
}
