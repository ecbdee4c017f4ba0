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

/// Depth, name and text of an element; those called `C` have no text of their own.
type Element = (usize, String, Option<String>);

/// Reads the elements in the one that was entered last, and those in each `C`, with or without the
/// way past the reader.
fn walk(
    document: &mut Document<'_>,
    plainly: bool,
    depth: usize,
    out: &mut Vec<Element>,
) -> Result<(), XmlError> {
    loop {
        if plainly && let Some(elements) = document.plain(|plain| walk_plain(plain, depth)) {
            out.extend(elements);
            continue;
        }
        let Some(tag) = document.child()? else {
            return Ok(());
        };
        let name = tag.name().to_string();
        if name == "C" {
            out.push((depth, name, None));
            walk(document, plainly, depth + 1, out)?;
        } else {
            let text = document.text_or_skip()?.map(Cow::into_owned);
            out.push((depth, name, text));
        }
    }
}

/// The next element, and those in it if it is a `C`.
fn walk_plain(plain: &mut Plain<'_>, depth: usize) -> Option<Vec<Element>> {
    if plain.enter("C").is_none() {
        let leaf = plain.leaf()?;
        return Some(vec![(
            depth,
            leaf.name.to_string(),
            Some(leaf.text.into_owned()),
        )]);
    }
    let mut elements = vec![(depth, "C".to_string(), None)];
    while plain.leave("C").is_none() {
        elements.extend(walk_plain(plain, depth + 1)?);
    }
    Some(elements)
}

fn walked(body: &str, plainly: bool) -> Result<Vec<Element>, XmlError> {
    let mut out = vec![];
    let mut document = Document::open(body.as_bytes(), "Error", LIMITS)?;
    walk(&mut document, plainly, 0, &mut out)?;
    document.finish()?;
    Ok(out)
}

#[test]
fn what_is_not_wanted_of_plain_elements_is_read_again() {
    let body = "<Error>\n\t<A>1</A><C><B>&quot;2&quot;</B></C><A></A></Error>";
    let mut document = Document::open(body.as_bytes(), "Error", LIMITS).unwrap();
    assert!(document.plain(|plain| plain.enter("B")).is_none());
    let leaf = document.plain(|plain| plain.leaf()).unwrap();
    assert_eq!((leaf.name, &*leaf.text), ("A", "1"));
    // Entered and not left is not passed over, and neither is what nothing is made of.
    assert!(document.plain(|plain| plain.enter("C")).is_none());
    let nothing: Option<()> = document.plain(|plain| {
        assert_eq!(walk_plain(plain, 0).unwrap().len(), 2);
        None
    });
    assert!(nothing.is_none());
    assert_eq!(document.child().unwrap().unwrap().name(), "C");
    let leaf = document.plain(|plain| plain.leaf()).unwrap();
    assert_eq!((leaf.name, &*leaf.text), ("B", "\"2\""));
    assert!(document.plain(|plain| plain.leave("C")).is_none());
    assert!(document.child().unwrap().is_none());
    assert_eq!(document.child().unwrap().unwrap().name(), "A");
    assert_eq!(document.text().unwrap(), "");
    assert!(document.child().unwrap().is_none());
    document.finish().unwrap();
}

#[test]
fn plain_elements_are_no_way_around_a_limit() {
    let long = format!("<Error><A>{}</A></Error>", "x".repeat(LIMITS.text + 1));
    assert_eq!(walked(&long, true), walked(&long, false));
    assert!(walked(&long, true).is_err());
    let deep = "<Error><C><C><C><C><A>x</A></C></C></C></C></Error>";
    assert_eq!(walked(deep, true), walked(deep, false));
    assert!(walked(deep, true).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(1000)))]

    #[test]
    fn plain_elements_are_what_the_reader_makes_of_them(
        parts in proptest::collection::vec(
            proptest::sample::select(vec![
                "<A>x</A>", "<A>x</A>", "<B></B>", "<B>&quot;x&quot;</B>", "<A>&quot;x</A>",
                "<A>&quot;&amp;&quot;</A>", "<A>&quot;</A>", "<A>&quot;&quot;</A>", "<A>a>b]]></A>", "<A>a\r\nb</A>",
                "<C><A>x</A> <B>y</B></C>", "<C> <C></C></C>", "<A>", "</A>", "<B", ">", "<B/>", "<A a='>'>", "</A >", "<C>", "<C>", "</C>", "</C>",
                "<C/>", "<C a='1'/>", " ", "\n\t", "\u{c}", "\r", "x", "&lt;", "&", "<", "/>",
                "<!-- <A>x</A> -->", "<![CDATA[y]]>", "<?x?>", "<n:A>x</n:A>", "数",
            ]),
            0..8,
        ),
    ) {
        let body = format!("<Error>{}</Error>", parts.concat());
        prop_assert_eq!(walked(&body, true), walked(&body, false), "{}", body);
    }
}
