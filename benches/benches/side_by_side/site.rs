//! The files that are served: one large object, many small ones, and the pages of listings.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use cos_benches::nginx::BUCKET;
use cos_proto::crc64;

/// When all files were changed, which nginx makes its entity tags of.
const MODIFIED: u64 = 1_700_000_000;

/// The same, as listings say it.
const MODIFIED_TEXT: &str = "2023-11-14T22:13:20.000Z";

/// What real bytes are made for. Larger objects are holes, of which the memory has no copy.
const LARGEST_WITH_BYTES: u64 = 1 << 30;

const KEYS_OF_A_PAGE: u32 = 1000;

/// Makes a file of `size` bytes; answers their CRC64.
pub(crate) fn large(path: &Path, size: u64) -> u64 {
    let mut file = File::create(path).unwrap();
    if size > LARGEST_WITH_BYTES {
        file.set_len(size).unwrap();
        return crc64_of_zeros(size);
    }
    let mut crc = cos_proto::Crc64::new();
    let mut left = size;
    let mut state = 0x9E37_79B9_7F4A_7C15;
    while left > 0 {
        let mut block: Vec<u8> = (0..1 << 17).flat_map(|_| random(&mut state)).collect();
        block.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        crc.update(&block);
        file.write_all(&block).unwrap();
        left -= block.len() as u64;
    }
    crc.value()
}

/// Makes files of `size` bytes that are named by their number, all with the same bytes; answers
/// their CRC64.
pub(crate) fn small(folder: &Path, count: u32, size: usize) -> u64 {
    fs::create_dir_all(folder).unwrap();
    let mut state = 1;
    let mut bytes: Vec<u8> = (0..size / 8).flat_map(|_| random(&mut state)).collect();
    bytes.resize(size, 0);
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(MODIFIED);
    for number in 0..count {
        let mut file = File::create(folder.join(format!("{number:08}"))).unwrap();
        file.write_all(&bytes).unwrap();
        file.set_modified(time).unwrap();
    }
    crc64::checksum(&bytes)
}

/// Writes the pages of the listing of such objects: as the service writes them, each named by the
/// number in its marker, and as S3 does, named by the number in its token.
pub(crate) fn pages(root: &Path, prefix: &str, count: u32, size: usize) {
    let folder = root.join(".pages");
    fs::create_dir_all(&folder).unwrap();
    let mut first = 0;
    // A bucket without keys has a page too.
    loop {
        let end = count.min(first + KEYS_OF_A_PAGE);
        let (mut cos, mut s3) = (String::new(), String::new());
        for number in first..end {
            let (old, new) = entry(prefix, number, size);
            cos.push_str(&old);
            s3.push_str(&new);
        }
        let more = end < count;
        let (next, token) = if more {
            let last = end - 1;
            (
                format!("\t<NextMarker>{prefix}{last:08}</NextMarker>\n"),
                format!("<NextContinuationToken>{last:08}</NextContinuationToken>"),
            )
        } else {
            (String::new(), String::new())
        };
        let (marker, name) = match first.checked_sub(1) {
            Some(before) => (format!("{prefix}{before:08}"), format!("{before:08}")),
            None => (String::new(), "first".to_owned()),
        };
        let cos = format!(
            "<?xml version='1.0' encoding='utf-8' ?>\n<ListBucketResult>\n\
             \t<Name>{BUCKET}</Name>\n\t<EncodingType>url</EncodingType>\n\
             \t<Prefix>{prefix}</Prefix>\n\t<Marker>{marker}</Marker>\n\t<MaxKeys>1000</MaxKeys>\n\
             \t<IsTruncated>{more}</IsTruncated>\n{next}{cos}</ListBucketResult>\n"
        );
        let s3 = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
             <Name>{BUCKET}</Name><Prefix>{prefix}</Prefix><KeyCount>{keys}</KeyCount>\
             <MaxKeys>1000</MaxKeys><IsTruncated>{more}</IsTruncated>{token}{s3}\
             </ListBucketResult>",
            keys = end - first,
        );
        fs::write(folder.join(format!("{name}.xml")), cos).unwrap();
        fs::write(folder.join(format!("v2-{name}.xml")), s3).unwrap();
        if !more {
            break;
        }
        first = end;
    }
}

fn entry(prefix: &str, number: u32, size: usize) -> (String, String) {
    let etag = format!("&quot;{MODIFIED:x}-{size:x}&quot;");
    let mut cos = String::new();
    write!(
        cos,
        "\t<Contents>\n\t\t<Key>{prefix}{number:08}</Key>\n\
         \t\t<LastModified>{MODIFIED_TEXT}</LastModified>\n\t\t<ETag>{etag}</ETag>\n\
         \t\t<Size>{size}</Size>\n\t\t<Owner>\n\t\t\t<ID>1250000000</ID>\n\
         \t\t\t<DisplayName>1250000000</DisplayName>\n\t\t</Owner>\n\
         \t\t<StorageClass>STANDARD</StorageClass>\n\t</Contents>\n"
    )
    .unwrap();
    let s3 = format!(
        "<Contents><Key>{prefix}{number:08}</Key><LastModified>{MODIFIED_TEXT}</LastModified>\
         <ETag>{etag}</ETag><Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
    );
    (cos, s3)
}

/// xorshift64.
fn random(state: &mut u64) -> [u8; 8] {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    state.to_le_bytes()
}

fn crc64_of_zeros(size: u64) -> u64 {
    let (mut crc, mut run, mut length) = (0, crc64::checksum(&[0]), 1_u64);
    let mut left = size;
    while left > 0 {
        if left & 1 == 1 {
            crc = crc64::combine(crc, run, length);
        }
        run = crc64::combine(run, run, length);
        length = length.wrapping_mul(2);
        left >>= 1;
    }
    crc
}
