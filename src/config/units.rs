//! Durations and sizes as people write them: `30s`, `100MB`.

use std::time::Duration;

/// A number and one unit: `500ms`, `30s`, `5m`, `2h`, `1d`. At most ten years.
pub(super) fn duration(text: &str) -> Option<Duration> {
    const LIMIT_SECS: u64 = 10 * 365 * 86_400;
    let (number, unit) = split(text)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let duration = Duration::from_millis(number.checked_mul(millis)?);
    (duration.as_secs() <= LIMIT_SECS).then_some(duration)
}

/// A number and one unit, in bytes: `64KiB`, `100MB`, `1GiB`.
pub(super) fn size_bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let bytes: u64 = match unit {
        "B" => 1,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(bytes)
}

fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    Some((text[..digits].parse().ok()?, text[digits..].trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_need_a_unit() {
        for (text, secs) in [("30s", 30), ("5m", 300), ("2 h", 7_200), ("1d", 86_400), ("0s", 0)] {
            assert_eq!(duration(text), Some(Duration::from_secs(secs)), "{text}");
        }
        for text in ["", "30", "s", "1.5h", "-1s", "99999999999d", "3 weeks", "1h30m"] {
            assert_eq!(duration(text), None, "{text}");
        }
        for (text, bytes) in [("100MB", 100_000_000), ("1GiB", 1 << 30), ("64 KiB", 65_536), ("1B", 1)] {
            assert_eq!(size_bytes(text), Some(bytes), "{text}");
        }
        for text in ["100", "MB", "100 megabytes", "99999999999999GiB"] {
            assert_eq!(size_bytes(text), None, "{text}");
        }
    }
}
