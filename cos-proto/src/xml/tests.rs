use alloc::string::{String, ToString};
use alloc::vec::Vec;
use alloc::{format, vec};

use proptest::prelude::*;

use super::*;

const LIMITS: Limits = Limits {
    bytes: 4096,
    depth: 5,
    text: 32,
};

fn read(body: &str) -> Result<Vec<(String, String)>, XmlError> {
    read_bytes(body.as_bytes())
}

fn read_bytes(body: &[u8]) -> Result<Vec<(String, String)>, XmlError> {
    let mut fields = vec![];
    read_flat(body, "Error", LIMITS, |name, text| {
        fields.push((name.to_string(), text.into_owned()))
    })?;
    Ok(fields)
}

fn value(body: &str) -> Result<String, XmlError> {
    let fields = read(&format!("<Error><V>{body}</V></Error>"))?;
    Ok(fields.into_iter().map(|(_, text)| text).collect())
}

#[test]
fn fields_come_in_document_order() {
    let body = "<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\t<Code>NoSuchKey</Code>\r\n <Message/><!-- ! --></Error>\n";
    let expected = [("Code", "NoSuchKey"), ("Message", "")]
        .map(|(name, text)| (name.to_string(), text.to_string()));
    assert_eq!(read(body).unwrap(), expected);
}

#[test]
fn namespaces_and_prefixes_do_not_matter() {
    for body in [
        "<Error xmlns=\"http://www.qcloud.com/document/product/436/7751\"><Code>A</Code></Error>",
        "<c:Error xmlns:c=\"https://cloud.tencent.com/document/product/436\"><c:Code>A</c:Code></c:Error>",
        "\u{feff}<Error xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Code a='>'>A</Code ></Error>",
    ] {
        assert_eq!(read(body).unwrap(), [("Code".to_string(), "A".to_string())]);
    }
}

#[test]
fn elements_with_elements_are_passed_over() {
    let body =
        "<Error><A>x<B>y<C/></B>z</A><Code>1</Code><D><E>&unknown;<![CDATA[<]]></E></D></Error>";
    assert_eq!(read(body).unwrap(), [("Code".to_string(), "1".to_string())]);
}

#[test]
fn texts_are_unescaped_and_otherwise_left_alone() {
    assert_eq!(
        value(" a&amp;b&lt;&gt;&quot;&apos;&#x4e2d;&#25991; ").unwrap(),
        " a&b<>\"'中文 "
    );
    assert_eq!(
        value("<![CDATA[<&amp;>]]>x<!-- no --><?no no?>y").unwrap(),
        "<&amp;>xy"
    );
    // Line ends are read as XML has it, section 2.11.
    assert_eq!(value("a\r\nb\rc\nd&#13;").unwrap(), "a\nb\nc\nd\r");
}

#[test]
fn a_document_cut_anywhere_is_truncated() {
    let whole = "<?xml version=\"1.0\"?><Error a=\"b\"><!-- c --><Code>A&amp;数</Code><M><![CDATA[x]]></M><N/></Error>";
    assert!(read(whole).is_ok());
    for cut in 0..whole.len() {
        let result = read_bytes(&whole.as_bytes()[..cut]);
        assert_eq!(
            result,
            Err(XmlError::Truncated),
            "{:?}",
            String::from_utf8_lossy(&whole.as_bytes()[..cut])
        );
    }
}

#[test]
fn another_root_is_refused_and_named() {
    let wrong = |found: &str| {
        Err(XmlError::WrongRoot {
            found: found.to_string(),
        })
    };
    assert_eq!(read("<html><body>Log in</body></html>"), wrong("html"));
    assert_eq!(read("<ListBucketResult/>"), wrong("ListBucketResult"));
    assert_eq!(read("<error/>"), wrong("error"));
    assert_eq!(read("<a\u{1b}[2J/>"), wrong("a\\u{1b}[2J"));
    assert_eq!(
        read(&format!("<{}/>", "n".repeat(1000))),
        wrong(&"n".repeat(32))
    );
}

#[test]
fn document_types_and_entities_are_refused() {
    assert_eq!(
        read("<!DOCTYPE html><html></html>"),
        Err(XmlError::DocumentType)
    );
    let bomb =
        "<!DOCTYPE e [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><Error><Code>&b;</Code></Error>";
    assert_eq!(read(bomb), Err(XmlError::DocumentType));
    assert_eq!(
        read("<Error><!DOCTYPE e><Code/></Error>"),
        Err(XmlError::DocumentType)
    );
    assert_eq!(value("&b;"), Err(XmlError::UnknownEntity));
    assert_eq!(value("&nbsp;"), Err(XmlError::UnknownEntity));
}

#[test]
fn data_behind_the_root_is_refused() {
    for trailing in [
        "<Error/>",
        "x",
        "&amp;",
        "<![CDATA[]]>",
        "</Error>",
        "<!DOCTYPE a>",
        "<",
        "<!--",
        "\0",
    ] {
        assert_eq!(
            read(&format!("<Error/>{trailing}")),
            Err(XmlError::TrailingData),
            "{trailing:?}"
        );
    }
    assert_eq!(read_bytes(b"<Error/>\xe6\x95"), Err(XmlError::TrailingData));
    assert_eq!(read("<Error/> \r\n\t<!-- a --><?b c?>\n"), Ok(vec![]));
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for body in [
        "Forbidden",
        "{\"code\": 1}",
        "&amp;<Error/>",
        "<Error>text<Code/></Error>",
        "<Error>&#32;</Error>",
        "<Error><![CDATA[text]]></Error>",
        "<Error></Fault>",
        "<Error><Code></Error></Code>",
        "<Error><Code>a & b</Code></Error>",
        "<Error><Code>&#0;</Code></Error>",
        "<Error><Code>&#xd800;</Code></Error>",
        "<Error><Code>&#x;</Code></Error>",
        "<Error><!x></Error>",
        "<?xml version='1.0'?><?xml version='1.0'?><Error/>",
        "<Error><?xml version='1.0'?></Error>",
        "</Error>",
        "<>",
        "<Error><Code>a < b</Code></Error>",
    ] {
        let result = read(body);
        assert!(
            matches!(
                result,
                Err(XmlError::Malformed { .. } | XmlError::WrongRoot { .. })
            ),
            "{body}: {result:?}"
        );
    }
}

#[test]
fn other_encodings_are_refused() {
    assert_eq!(
        read("<?xml version='1.0' encoding='GBK'?><Error/>"),
        Err(XmlError::Encoding)
    );
    assert_eq!(
        read("<?xml version='1.0' encoding='UTF-8'?><Error/>"),
        Ok(vec![])
    );
    assert_eq!(
        read_bytes(b"<Error><Code>\xff</Code></Error>"),
        Err(XmlError::NotUtf8 { at: 13 })
    );
    assert_eq!(
        read_bytes(b"\xff\xfe<\0E\0"),
        Err(XmlError::NotUtf8 { at: 0 })
    );
}

#[test]
fn limits_hold() {
    let nested = |depth: usize| format!("{}{}", "<Error>".repeat(depth), "</Error>".repeat(depth));
    assert!(read(&nested(5)).is_ok());
    assert_eq!(read(&nested(6)), Err(XmlError::TooDeep { limit: 5 }));
    assert!(value(&"t".repeat(32)).is_ok());
    assert_eq!(
        value(&"t".repeat(33)),
        Err(XmlError::TextTooLong { limit: 32 })
    );
    assert_eq!(
        value(&"&amp;".repeat(33)),
        Err(XmlError::TextTooLong { limit: 32 })
    );
    // A text that is passed over is never held, so that only the whole document's limit is on it.
    assert!(value(&format!("<X>{}</X>", "t".repeat(1000))).is_ok());
    let padded = |len: usize| format!("<Error/>{}", " ".repeat(len - 8));
    assert!(read(&padded(4096)).is_ok());
    assert_eq!(read(&padded(4097)), Err(XmlError::TooLarge { limit: 4096 }));
}

/// Pieces of which damaged documents are made.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("<Error>"),
        Just("</Error>"),
        Just("<Error/>"),
        Just("<Code>"),
        Just("</Code>"),
        Just("<a:b c='d'>"),
        Just("</a:b>"),
        Just("<"),
        Just(">"),
        Just("/"),
        Just("&"),
        Just(";"),
        Just("&amp;"),
        Just("&#x41;"),
        Just("&#"),
        Just("<!--"),
        Just("-->"),
        Just("<![CDATA["),
        Just("]]>"),
        Just("<?xml version='1.0'?>"),
        Just("<?"),
        Just("?>"),
        Just("<!DOCTYPE"),
        Just("["),
        Just("]"),
        Just("'"),
        Just("\""),
        Just(" "),
        Just("\r\n"),
        Just("text"),
        Just("数"),
        Just("\u{feff}"),
        Just("\0"),
    ]
    .prop_map(String::from)
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_bytes(&body);
    }

    #[test]
    fn arbitrary_markup_is_read_or_refused(pieces in proptest::collection::vec(piece(), 0..40)) {
        let _ = read(&pieces.concat());
    }

    #[test]
    fn any_text_survives_escaping(text in "[^\u{0}\r]{0,10}") {
        prop_assert_eq!(value(&quick_xml::escape::escape(text.as_str())), Ok(text));
    }
}
