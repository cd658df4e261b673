//! The texts that Cedar's constructors take: `decimal`, `datetime`, `duration` and `ip`.
//!
//! Read and written without asking Cedar, since a corpus holds millions of them. Each function takes
//! exactly the texts that Cedar's constructor takes, and calculates the same value; a test holds them
//! against it. Not here: what else recordings write (`convert`).

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use std::net::IpAddr;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// No address with a prefix is longer.
const ADDRESS_CHARS: usize = 43;

/// A decimal, in ten-thousandths.
pub(crate) fn decimal(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.')?;
    let size = whole.strip_prefix('-').unwrap_or(whole);
    if !all_digits(size) || !all_digits(fraction) || fraction.len() > 4 {
        return None;
    }
    let scale = 10_i64.pow(4 - fraction.len() as u32);
    let fraction = fraction.parse::<i64>().ok()? * scale;
    let whole_part = whole.parse::<i64>().ok()?.checked_mul(10_000)?;
    match whole.starts_with('-') {
        true => whole_part.checked_sub(fraction),
        false => whole_part.checked_add(fraction),
    }
}

/// A decimal as people write it: no more digits than it needs, one at least.
pub(crate) fn decimal_text(ten_thousandths: i64) -> String {
    let sign = if ten_thousandths < 0 { "-" } else { "" };
    let size = ten_thousandths.unsigned_abs();
    let mut text = format!("{sign}{}.{:04}", size / 10_000, size % 10_000);
    while text.ends_with('0') && !text.ends_with(".0") {
        text.pop();
    }
    text
}

/// A time, in milliseconds since 1970.
pub(crate) fn datetime(text: &str) -> Option<i64> {
    let (date, time) = text.split_at_checked(10)?;
    let days = date_days(date)?;
    if time.is_empty() {
        return Some(days * DAY);
    }
    let (clock, rest) = time.split_at_checked(9)?;
    let [b'T', h1, h2, b':', m1, m2, b':', s1, s2] = *clock.as_bytes() else { return None };
    let [hours, minutes, seconds] = [[h1, h2], [m1, m2], [s1, s2]].map(|d| number(&d));
    let (hours, minutes, seconds) = (below(hours, 24)?, below(minutes, 60)?, below(seconds, 60)?);
    let (millis, zone) = match rest.strip_prefix('.') {
        Some(rest) => {
            let (millis, zone) = rest.split_at_checked(3)?;
            (number(millis.as_bytes())?, zone)
        }
        None => (0, rest),
    };
    let time = hours * HOUR + minutes * MINUTE + seconds * SECOND + millis;
    Some(days * DAY + time - zone_millis(zone)?)
}

/// A time in UTC, a date where it is the beginning of one. `None` outside the years that can be written.
pub(crate) fn datetime_text(ms: i64) -> Option<String> {
    let time = Timestamp::from_millisecond(ms).ok().filter(|_| is_writable(ms))?;
    let format = if ms % DAY == 0 { "%Y-%m-%d" } else { "%Y-%m-%dT%H:%M:%S.%3fZ" };
    Some(time.strftime(format).to_string())
}

/// Whether the year has four digits and no sign.
pub(crate) fn is_writable(ms: i64) -> bool {
    /// The first millisecond of the years 0 and 10,000.
    const YEARS: std::ops::Range<i64> = -62_167_219_200_000..253_402_300_800_000;
    YEARS.contains(&ms)
}

/// A length of time, in milliseconds.
pub(crate) fn duration(text: &str) -> Option<i64> {
    const UNITS: [(&str, i64); 5] =
        [("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1)];
    let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut amounts = [0_i128; 5];
    let mut left = UNITS.iter().zip(&mut amounts);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (amount, behind) = rest.split_at_checked(digits)?;
        let letters = behind.bytes().take_while(u8::is_ascii_lowercase).count();
        let (unit, behind) = behind.split_at_checked(letters)?;
        let (_, place) = left.find(|((name, _), _)| *name == unit)?;
        *place = i128::from(amount.parse::<u64>().ok()?);
        rest = behind;
    }
    let of_unit = |((_, size), amount): (&(&str, i64), i128)| -> Option<i64> {
        let total = amount.checked_mul(i128::from(*size))?;
        // Only the milliseconds themselves may be the smallest number there is.
        if *size > 1 {
            i64::try_from(total).ok().map(|t| t * sign)
        } else {
            i64::try_from(total * i128::from(sign)).ok()
        }
    };
    let mut parts = UNITS.iter().zip(amounts).map(of_unit);
    parts.try_fold(0_i64, |sum, part| sum.checked_add(part?))
}

/// A length of time in the units that it fills.
pub(crate) fn duration_text(ms: i64) -> String {
    let mut text = String::from(if ms < 0 { "-" } else { "" });
    let mut left = ms.unsigned_abs();
    for (unit, size) in [("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1)] {
        let (amount, size) = (left / size.unsigned_abs(), size.unsigned_abs());
        if amount > 0 {
            text.push_str(&format!("{amount}{unit}"));
        }
        left -= amount * size;
    }
    if ms == 0 { "0ms".to_owned() } else { text }
}

/// An address or range, in the one way that stands for all ways of writing it.
///
/// The groups of an IPv6 address are written out: Cedar refuses the mixed notation that the standard
/// library would choose for some.
pub(crate) fn ip(text: &str) -> Option<String> {
    if text.len() > ADDRESS_CHARS {
        return None;
    }
    let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
    let many = |c: char| text.matches(c).nth(1).is_some();
    match address.parse().ok().filter(|_| !(many(':') && many('.')))? {
        IpAddr::V4(v4) => Some(format!("{v4}/{}", prefix_bits(prefix, 32)?)),
        IpAddr::V6(v6) => {
            let [a, b, c, d, e, f, g, h] = v6.segments();
            let bits = prefix_bits(prefix, 128)?;
            Some(format!("{a:x}:{b:x}:{c:x}:{d:x}:{e:x}:{f:x}:{g:x}:{h:x}/{bits}"))
        }
    }
}

/// An address as people write it: a prefix only where it is not the whole.
pub(crate) fn ip_text(normal: &str) -> &str {
    let whole = if normal.contains(':') { "/128" } else { "/32" };
    normal.strip_suffix(whole).unwrap_or(normal)
}

fn prefix_bits(text: Option<&str>, most: u8) -> Option<u8> {
    let Some(text) = text else { return Some(most) };
    let leads_with_zero = text.starts_with('0') && text != "0";
    if !all_digits(text) || leads_with_zero {
        return None;
    }
    text.parse().ok().filter(|bits| *bits <= most)
}

fn date_days(date: &str) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *date.as_bytes() else { return None };
    let [year, month, day] = [number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?];
    let date = Date::new(year as i16, month as i8, day as i8).ok()?;
    let since: SignedDuration = date.duration_since(Date::constant(1970, 1, 1));
    Some(since.as_secs() / (DAY / SECOND))
}

/// How far the clocks of a zone are ahead.
fn zone_millis(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let [sign, h1, h2, m1, m2] = *zone.as_bytes() else { return None };
    let ahead = below(number(&[h1, h2]), 24)? * HOUR + below(number(&[m1, m2]), 60)? * MINUTE;
    match sign {
        b'+' => Some(ahead),
        b'-' => Some(-ahead),
        _ => None,
    }
}

fn below(number: Option<i64>, limit: i64) -> Option<i64> {
    number.filter(|n| *n < limit)
}

/// A few digits.
fn number(digits: &[u8]) -> Option<i64> {
    digits
        .iter()
        .try_fold(0, |n, digit| digit.is_ascii_digit().then(|| n * 10 + i64::from(digit - b'0')))
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cedar_policy::{
        Context, Entities, EntityUid, EvalResult, Expression, Request, RestrictedExpression,
        eval_expression,
    };

    /// What Cedar makes of `expression` over `context.v`, where it takes `v`.
    fn cedar(v: RestrictedExpression, expression: &Expression) -> Option<EvalResult> {
        cedar_both(v.clone(), v, expression)
    }

    /// The same with `context.w`.
    fn cedar_both(
        v: RestrictedExpression,
        w: RestrictedExpression,
        expression: &Expression,
    ) -> Option<EvalResult> {
        let context = Context::from_pairs([("v".to_owned(), v), ("w".to_owned(), w)]).ok()?;
        let uid: EntityUid = r#"N::"""#.parse().unwrap();
        let request = Request::new(uid.clone(), uid.clone(), uid, context, None).unwrap();
        Some(eval_expression(&request, &Entities::empty(), expression).unwrap())
    }

    fn expression(text: &str) -> Expression {
        text.parse().unwrap()
    }

    /// A generator of numbers that needs no crate.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 33) % n as u64) as usize
        }

        /// One of `seeds` with up to three characters put in, taken out or replaced.
        fn odd(&mut self, seeds: &[&str], letters: &str) -> String {
            let mut text: Vec<char> = seeds[self.below(seeds.len())].chars().collect();
            let letters: Vec<char> = letters.chars().collect();
            for _ in 0..self.below(4) {
                let (at, letter) = (self.below(text.len() + 1), letters[self.below(letters.len())]);
                match self.below(4) {
                    0 => text.insert(at, letter),
                    1 if at < text.len() => drop(text.remove(at)),
                    _ if at < text.len() => text[at] = letter,
                    _ => text.push(letter),
                }
            }
            text.into_iter().collect()
        }
    }

    /// `ours` must take what Cedar takes and make the same of it, and `write` must come back.
    fn check<T: PartialEq + std::fmt::Debug>(
        seeds: &[&str],
        letters: &str,
        ours: impl Fn(&str) -> Option<T>,
        theirs: impl Fn(&str) -> Option<T>,
        write: impl Fn(&T) -> Option<String>,
    ) {
        let mut dice = Dice(7);
        let odd = (0..2_000).map(|_| dice.odd(seeds, letters)).collect::<Vec<_>>();
        let (mut taken, mut refused) = (0, 0);
        for text in odd.iter().map(String::as_str).chain(seeds.iter().copied()) {
            let value = ours(text);
            assert_eq!(value, theirs(text), "{text:?}");
            match value {
                Some(value) => {
                    taken += 1;
                    let written = write(&value);
                    assert!(written.is_none_or(|w| theirs(&w) == Some(value)), "{text:?}");
                }
                None => refused += 1,
            }
        }
        assert!(taken > 200 && refused > 200, "{taken} taken, {refused} refused");
    }

    #[test]
    fn decimals_are_cedars() {
        let seeds = [
            "1.0",
            "-0.5",
            "0.0001",
            "00012.3400",
            "922337203685477.5807",
            "-922337203685477.5808",
            "922337203685477.5808",
            "1.",
            ".1",
            "12",
            "-",
            "",
            "1.00000",
            "+1.0",
            "٣.١",
            "99999999999999999999.0",
            "-922337203685478.0",
            "1.0\n",
        ];
        let same = expression("context.v");
        let units = |text: &str| {
            let value = cedar(RestrictedExpression::new_decimal(text), &same)?;
            // Cedar writes it as it was made, and leaves no other way to see the number.
            let EvalResult::ExtensionValue(_) = value else { panic!("{value}") };
            let (whole, fraction) = text.split_once('.')?;
            format!("{whole}{fraction:0<4}").parse::<i64>().ok()
        };
        check(&seeds, "0123456789.-+ ٣", decimal, units, |n| Some(decimal_text(*n)));
    }

    #[test]
    fn datetimes_are_cedars() {
        let seeds = [
            "2026-01-02",
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.678Z",
            "1969-12-31T23:59:59.999-2359",
            "2024-02-29T23:59:59+0130",
            "2023-02-29",
            "0000-01-01T00:00:00+2359",
            "9999-12-31T23:59:59.999-2359",
            "2016-12-31T23:59:60Z",
            "2026-01-02T24:00:00Z",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04:05.6Z",
            "",
            "2026-01-02T03:04:05+01:00",
            "2026-01-02t03:04:05z",
            "２026-01-02",
            "2026-01-02T03:04:05Z\n",
        ];
        let since =
            expression(r#"context.v.durationSince(datetime("1970-01-01")).toMilliseconds()"#);
        let ms = |text: &str| match cedar(RestrictedExpression::new_datetime(text), &since)? {
            EvalResult::Long(ms) => Some(ms),
            other => panic!("{other}"),
        };
        check(&seeds, "0123456789-+:.TZ é", datetime, ms, |ms| datetime_text(*ms));
    }

    #[test]
    fn durations_are_cedars() {
        let seeds = [
            "1d2h3m4s5ms",
            "1h",
            "90m",
            "-5s",
            "5ms",
            "1m5ms",
            "9223372036854775807ms",
            "-9223372036854775808ms",
            "9223372036854775808ms",
            "-9223372036854775s808ms",
            "106751991167d",
            "106751991168d",
            "-106751991168d",
            "",
            "-",
            "1",
            "1h2d",
            "5s5s",
            "h",
            "18446744073709551616ms",
            "0s",
            "-0d",
            "1 h",
            "--1h",
            "1h\n",
            "-153722867280912m55808ms",
            "-2562047788015h12m55s808ms",
        ];
        let millis = expression("context.v.toMilliseconds()");
        let ms = |text: &str| match cedar(RestrictedExpression::new_duration(text), &millis)? {
            EvalResult::Long(ms) => Some(ms),
            other => panic!("{other}"),
        };
        check(&seeds, "0123456789dhms- ", duration, ms, |ms| Some(duration_text(*ms)));
    }

    #[test]
    fn addresses_are_cedars() {
        let seeds = [
            "10.0.0.1",
            "10.0.0.0/8",
            "10.0.0.1/32",
            "10.0.0.1/33",
            "::1",
            "::1/128",
            "fe80::/10",
            "::ffff:1.2.3.4",
            "1:2:3:4:5:6:7:8/0",
            "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789/128",
            "::",
            "1.2.3",
            "01.2.3.4",
            "1.2.3.4/",
            "1.2.3.4/08",
            "1.2.3.4/0",
            "::/129",
            "::/1234",
            "::ffff:102:304",
            "1.2.3.4/+8",
            "1.2.3.4:80",
        ];
        let same = expression("context.v");
        let equal = expression("context.v == context.w");
        let known = |text: &str| {
            cedar(RestrictedExpression::new_ip(text), &same)?;
            let normal = ip(text)?;
            let [v, w] = [text, &normal].map(RestrictedExpression::new_ip);
            assert_eq!(cedar_both(v, w, &equal), Some(EvalResult::Bool(true)), "{text:?}");
            Some(normal)
        };
        let ours = |text: &str| {
            let ours = ip(text);
            assert_eq!(ours.is_some(), known(text).is_some(), "{text:?}");
            ours
        };
        check(&seeds, "0123456789abcdefF.:/", ours, known, |normal| {
            Some(ip_text(normal).to_owned())
        });
    }
}
