//! The timestamp with which `kubectl logs --timestamps` begins each line.
//!
//! It is fixed-width RFC 3339 with nine digits of fraction
//! (`k8s.io/apimachinery/pkg/apis/meta/v1` `RFC3339NanoFixed`), in `Z` or, on a node with another
//! time zone, with a numeric offset; then one space. Anything else at the start of a line was
//! written by the kubelet itself, or is the rest of a line whose start is elsewhere.

use jiff::Timestamp;

/// Length of the stamp in UTC, without its space.
const UTC_LEN: usize = 30;
/// Length of the stamp with a numeric offset, without its space.
const OFFSET_LEN: usize = 35;

/// Splits a line into stamp and content; `None` when it does not begin with a stamp.
pub fn split_stamp(line: &[u8]) -> Option<(&str, &[u8])> {
    for len in [UTC_LEN, OFFSET_LEN] {
        if line.get(len) == Some(&b' ') && is_stamp(&line[..len]) {
            let stamp = std::str::from_utf8(&line[..len]).ok()?;
            return Some((stamp, &line[len + 1..]));
        }
    }
    None
}

fn is_stamp(text: &[u8]) -> bool {
    const SHAPE: &[u8; 29] = b"dddd-dd-ddTdd:dd:dd.ddddddddd";
    let (head, zone) = text.split_at(SHAPE.len());
    let fits = |shape: u8, byte: u8| match shape {
        b'd' => byte.is_ascii_digit(),
        literal => byte == literal,
    };
    head.iter().zip(SHAPE).all(|(b, s)| fits(*s, *b))
        && match zone {
            b"Z" => true,
            [b'+' | b'-', rest @ ..] => rest.iter().zip(b"dd:dd").all(|(b, s)| fits(*s, *b)),
            _ => false,
        }
}

/// The instant a stamp names; `None` for digits that are no date.
pub(super) fn instant(stamp: &str) -> Option<Timestamp> {
    stamp.parse().ok()
}

/// When a line was printed, as its stamp says.
pub(super) fn time_of(line: &[u8]) -> Option<Timestamp> {
    split_stamp(line).and_then(|(stamp, _)| instant(stamp))
}

/// A stamp in milliseconds since the Unix epoch; `None` for digits that are no date.
pub fn stamp_ms(stamp: &str) -> Option<i64> {
    instant(stamp).map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_told_from_text() {
        let utc = b"2026-11-22T21:47:03.000000001Z hello world";
        assert_eq!(
            split_stamp(utc),
            Some(("2026-11-22T21:47:03.000000001Z", &b"hello world"[..]))
        );
        let zoned = b"2026-11-22T21:47:03.000000001+01:00 ";
        assert_eq!(
            split_stamp(zoned),
            Some(("2026-11-22T21:47:03.000000001+01:00", &b""[..]))
        );
        for text in [
            &b"unable to retrieve container logs for containerd://1234"[..],
            b"2026-11-22T21:47:03.000000001Z",
            b"2026-11-22 21:47:03.000000001Z x",
            b"rpc error: code = NotFound desc = an error occurred when",
            b"",
        ] {
            assert_eq!(split_stamp(text), None, "{}", text.escape_ascii());
        }
    }
}
