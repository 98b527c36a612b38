//! The text of a list in the encodings that programs write.

/// The text of a file: UTF-8, UTF-16 by its byte-order mark, and Latin-1 where it is neither. A carriage
/// return alone ends a line where there is no line feed at all.
pub(crate) fn text(bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
            Err(_) => bytes.iter().copied().map(char::from).collect(),
        },
    };
    if text.contains('\n') { text } else { text.replace('\r', "\n") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The same text comes back from each encoding.
        #[test]
        fn encodings_agree(written in "[a-z,äß日\n]{1,40}\n") {
            let marked = ["\u{feff}", &written].concat();
            let units: Vec<u16> = marked.encode_utf16().collect();
            let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
            for bytes in [written.as_bytes(), marked.as_bytes(), &little, &big] {
                prop_assert_eq!(&text(bytes), &written);
            }
        }
    }

    #[test]
    fn old_encodings_are_read() {
        assert_eq!(text(b"\xc4pfel.png,gr\xfcn\r\n"), "Äpfel.png,grün\r\n");
        assert_eq!(text(b"a.png,x\rb.png,y\r"), "a.png,x\nb.png,y\n");
    }
}
