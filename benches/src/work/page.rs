//! A page of a listing.

use std::fmt::Write as _;

/// As the service's documentation shows it: indented, url-encoded, quotes of entity tags escaped.
#[must_use]
pub fn page_of_1000_keys() -> String {
    let mut page = String::from(
        "<?xml version='1.0' encoding='utf-8' ?>\n<ListBucketResult>\n\
         \t<Name>examplebucket-1250000000</Name>\n\t<EncodingType>url</EncodingType>\n\
         \t<Prefix/>\n\t<Marker/>\n\t<MaxKeys>1000</MaxKeys>\n\t<IsTruncated>false</IsTruncated>\n",
    );
    for number in 0..1000 {
        write!(
            page,
            "\t<Contents>\n\
             \t\t<Key>%E7%85%A7%E7%89%87/2020%E5%B9%B4/IMG{number:08}.jpg</Key>\n\
             \t\t<LastModified>2020-12-10T03:37:30.000Z</LastModified>\n\
             \t\t<ETag>&quot;{number:032x}&quot;</ETag>\n\
             \t\t<Size>{size}</Size>\n\
             \t\t<Owner>\n\
             \t\t\t<ID>1250000000</ID>\n\
             \t\t\t<DisplayName>1250000000</DisplayName>\n\
             \t\t</Owner>\n\
             \t\t<StorageClass>STANDARD</StorageClass>\n\
             \t</Contents>\n",
            size = number * 1000,
        )
        .unwrap();
    }
    page.push_str("</ListBucketResult>\n");
    page
}
