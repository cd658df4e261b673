//! Cedar's own words, with what they mean: the methods, functions, operators and annotations that
//! completion offers and hover explains.

use super::schema::Type;

/// A word of the language.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    pub(super) name: &'static str,
    /// How it is written, for who reads.
    pub(super) form: &'static str,
    /// What is put in for it; empty: its name.
    pub(super) snippet: &'static str,
    pub(super) doc: &'static str,
}

const fn word(
    name: &'static str,
    form: &'static str,
    snippet: &'static str,
    doc: &'static str,
) -> Word {
    Word { name, form, snippet, doc }
}

const HISTORY: &[Word] = &[
    word(
        "formerly",
        "formerly within 1h …",
        "formerly within ${1:1h} ${2}",
        "It held at some event that is not older than the window, this request included.",
    ),
    word(
        "previous",
        "previous within 1h …",
        "previous within ${1:1h} ${2}",
        "It held at the event right before, if that is not older than the window.",
    ),
    word(
        "!… since …",
        "!a since within 1h b",
        "!${1} since within ${2:1h} ${3}",
        "The second happened, and the first has not happened since.",
    ),
    word(
        "exists",
        "exists (x: String). (…)",
        "exists (${1:x}: ${2:String}). (${3})",
        "There is a value for which the condition holds: it ties several events to each other.",
    ),
    word(
        "count_within",
        "bind(n, count_within(1h, event), n > 3)",
        "bind(${1:n}, count_within(${2:1h}, ${3}), ${1:n} > ${4:3})",
        "How many events there were in a window.",
    ),
    word(
        "count_distinct_within",
        "bind(n, count_distinct_within(k, 1h, event{ … k … }), n > 3)",
        "bind(${1:n}, count_distinct_within(${2:k}, ${3:1h}, ${4}), ${1:n} > ${5:3})",
        "How many different values a field of the events had in a window.",
    ),
    word(
        "sum_within",
        "bind(n, sum_within(a, 1h, event{ … a … }), n > 1000)",
        "bind(${1:n}, sum_within(${2:a}, ${3:1h}, ${4}), ${1:n} > ${5:1000})",
        "What a field of the events adds up to in a window.",
    ),
    word(
        "count",
        "(count for (t: Timepoint). where (…)) > 3",
        "(count for (${1:t}: Timepoint). where (formerly within ${2:1h} (${3} && tp(${1:t})))) > ${4:3}",
        "How many events satisfy a condition; with another variable, how many values.",
    ),
    word(
        "sum",
        "(sum a for (a: Long), (t: Timepoint). where (…)) > 1000",
        "(sum ${1:a} for (${1:a}: Long), (${2:t}: Timepoint). where (formerly within ${3:1h} (${4} && tp(${2:t})))) > ${5:1000}",
        "What the values of a variable add up to, once for each event.",
    ),
];

const HISTORY_JOINS: &[Word] = &[
    word(
        "&&",
        "a && b",
        "&& ${1}",
        "Both hold. An `||` is two conditions: `temporal { a } || temporal { b }`.",
    ),
    word(
        "since",
        "!a since within 1h b",
        "since within ${1:1h} ${2}",
        "The second happened, and the first held at every event after it.",
    ),
    word(">", "n > 3", "> ${1:3}", "More than, of counts and sums."),
    word(">=", "n >= 3", ">= ${1:3}", "At least, of counts and sums."),
    word("<", "n < 3", "< ${1:3}", "Less than, of counts and sums."),
    word("==", "a == b", "== ${1}", "Whether both are equal."),
];

const EVENTS: &[Word] = &[
    word("response", "", "", "The call went through: its result came back."),
    word(
        "request",
        "",
        "",
        "The call was made, whatever came of it. The call that is decided is one of them.",
    ),
    word("error", "", "", "The call failed, or was refused."),
];

/// How a condition over history begins.
pub(super) fn history() -> &'static [Word] {
    HISTORY
}

/// What goes on after a part of a condition over history.
pub(super) fn history_joins() -> &'static [Word] {
    HISTORY_JOINS
}

/// A kind of event.
pub(super) fn event(kind: &str) -> Option<&'static Word> {
    EVENTS.iter().find(|word| word.name == kind)
}

const COMPARISONS: &[Word] = &[
    word("==", "a == b", "", "Whether both are equal. Values of different types never are."),
    word("!=", "a != b", "", "Whether they differ."),
];

const ORDERS: &[Word] = &[
    word("<", "a < b", "", "Less than: of longs, datetimes and durations."),
    word("<=", "a <= b", "", "Less than or equal: of longs, datetimes and durations."),
    word(">", "a > b", "", "Greater than: of longs, datetimes and durations."),
    word(">=", "a >= b", "", "Greater than or equal: of longs, datetimes and durations."),
];

const SUMS: &[Word] = &[
    word("+", "a + b", "", "Sum of longs; fails where it does not fit 64 bits."),
    word("-", "a - b", "", "Difference of longs; fails where it does not fit 64 bits."),
    word("*", "a * b", "", "Product of longs; fails where it does not fit 64 bits."),
];

const LOGIC: &[Word] = &[
    word("&&", "a && b", "", "Both hold; the second is only looked at if the first holds."),
    word(
        "||",
        "a || b",
        "",
        "One of them holds; the second is only looked at if the first does not.",
    ),
];

const MEMBERSHIP: &[Word] = &[
    word("in", "a in b", "", "Whether `a` is `b`, or a member of it, directly or through groups."),
    word("is", "a is Type", "", "Whether `a` is an entity of this type."),
];

const HAS: Word = word(
    "has",
    "a has b",
    "",
    "Whether the attribute is there; ask before reading an optional one.",
);
const LIKE: Word = word(
    "like",
    "a like \"pattern\"",
    "like \"${1:*}\"",
    "Whether the whole text fits the pattern, in which `*` stands for any text.",
);

const SETS: &[Word] = &[
    word("contains", "set.contains(value)", "contains(${1})", "Whether the value is in the set."),
    word(
        "containsAll",
        "set.containsAll(set)",
        "containsAll([${1}])",
        "Whether all elements of the other set are in this one.",
    ),
    word(
        "containsAny",
        "set.containsAny(set)",
        "containsAny([${1}])",
        "Whether some element of the other set is in this one.",
    ),
    word("isEmpty", "set.isEmpty()", "isEmpty()", "Whether the set has no elements."),
];

const TAGS: &[Word] = &[
    word(
        "hasTag",
        "entity.hasTag(\"name\")",
        "hasTag(\"${1}\")",
        "Whether the entity has this tag; ask before reading it.",
    ),
    word(
        "getTag",
        "entity.getTag(\"name\")",
        "getTag(\"${1}\")",
        "The value of a tag; fails if the entity does not have it.",
    ),
];

const DECIMALS: &[Word] = &[
    word(
        "lessThan",
        "decimal.lessThan(decimal)",
        "lessThan(decimal(\"${1:0.00}\"))",
        "Whether it is less than the other decimal.",
    ),
    word(
        "lessThanOrEqual",
        "decimal.lessThanOrEqual(decimal)",
        "lessThanOrEqual(decimal(\"${1:0.00}\"))",
        "Whether it is at most the other decimal.",
    ),
    word(
        "greaterThan",
        "decimal.greaterThan(decimal)",
        "greaterThan(decimal(\"${1:0.00}\"))",
        "Whether it is greater than the other decimal.",
    ),
    word(
        "greaterThanOrEqual",
        "decimal.greaterThanOrEqual(decimal)",
        "greaterThanOrEqual(decimal(\"${1:0.00}\"))",
        "Whether it is at least the other decimal.",
    ),
];

const ADDRESSES: &[Word] = &[
    word(
        "isInRange",
        "ip.isInRange(ip)",
        "isInRange(ip(\"${1:10.0.0.0/8}\"))",
        "Whether the address, or the whole range, is in the other range.",
    ),
    word("isIpv4", "ip.isIpv4()", "isIpv4()", "Whether it is an IPv4 address."),
    word("isIpv6", "ip.isIpv6()", "isIpv6()", "Whether it is an IPv6 address."),
    word(
        "isLoopback",
        "ip.isLoopback()",
        "isLoopback()",
        "Whether it is the machine's own address.",
    ),
    word(
        "isMulticast",
        "ip.isMulticast()",
        "isMulticast()",
        "Whether it is an address of many receivers.",
    ),
];

const DATETIMES: &[Word] = &[
    word(
        "offset",
        "datetime.offset(duration)",
        "offset(duration(\"${1:1h}\"))",
        "The instant that much later; earlier, for a negative duration.",
    ),
    word(
        "durationSince",
        "datetime.durationSince(datetime)",
        "durationSince(${1})",
        "How much later it is than the other instant.",
    ),
    word("toDate", "datetime.toDate()", "toDate()", "Midnight (UTC) of its day."),
    word("toTime", "datetime.toTime()", "toTime()", "How long after midnight (UTC) it is."),
];

const DURATIONS: &[Word] = &[
    word("toMilliseconds", "duration.toMilliseconds()", "toMilliseconds()", "In milliseconds."),
    word("toSeconds", "duration.toSeconds()", "toSeconds()", "In whole seconds."),
    word("toMinutes", "duration.toMinutes()", "toMinutes()", "In whole minutes."),
    word("toHours", "duration.toHours()", "toHours()", "In whole hours."),
    word("toDays", "duration.toDays()", "toDays()", "In whole days."),
];

const FUNCTIONS: &[Word] = &[
    word(
        "decimal",
        "decimal(\"1.5\")",
        "decimal(\"${1:0.00}\")",
        "A number with up to four decimal places.",
    ),
    word(
        "datetime",
        "datetime(\"2026-01-31T08:00:00Z\")",
        "datetime(\"${1:2026-01-01}\")",
        "An instant: a date, or a date and a time with its offset.",
    ),
    word(
        "duration",
        "duration(\"1h30m\")",
        "duration(\"${1:1h}\")",
        "A length of time in days, hours, minutes, seconds and milliseconds: `1d2h3m4s5ms`.",
    ),
    word(
        "ip",
        "ip(\"10.0.0.0/8\")",
        "ip(\"${1:10.0.0.0/8}\")",
        "An IPv4 or IPv6 address, or a range of them.",
    ),
];

const VARIABLES: &[Word] = &[
    word("principal", "principal", "", "Who acts: the agent."),
    word("action", "action", "", "What is done: the tool that is called."),
    word(
        "resource",
        "resource",
        "",
        "On what: the server of the tool, or what the mapping takes from the arguments.",
    ),
    word(
        "context",
        "context",
        "",
        "What else is known: `input` are the arguments of the call, `session` is what was so before it.",
    ),
];

const KEYWORDS: &[Word] = &[
    word(
        "permit",
        "permit (principal, action, resource);",
        "",
        "Allows the calls that it matches, unless a `forbid` matches too.",
    ),
    word(
        "forbid",
        "forbid (principal, action, resource);",
        "",
        "Denies the calls that it matches, whatever permits them.",
    ),
    word("when", "when { … }", "when { ${1} }", "The policy only matches if this holds."),
    word(
        "unless",
        "unless { … }",
        "unless { ${1} }",
        "The policy only matches if this does not hold.",
    ),
    word(
        "if",
        "if a then b else c",
        "if ${1} then ${2} else ${3}",
        "`b` where `a` holds, else `c`.",
    ),
    word("then", "if a then b else c", "", "What counts where the condition holds."),
    word("else", "if a then b else c", "", "What counts where the condition does not hold."),
    word("true", "true", "", "Holds always."),
    word("false", "false", "", "Never holds."),
];

const ANNOTATIONS: &[Word] = &[
    word(
        "id",
        "@id(\"name\")",
        "id(\"${1}\")",
        "The policy's name: reports and tests refer to it.",
    ),
    word(
        "why",
        "@why(\"reason\")",
        "why(\"${1}\")",
        "Why the rule is there; shown wherever it decides.",
    ),
    word("doc", "@doc(\"text\")", "doc(\"${1}\")", "What the policy says, for readers."),
    word("owner", "@owner(\"team\")", "owner(\"${1}\")", "Who answers for the rule."),
    word(
        "severity",
        "@severity(\"high\")",
        "severity(\"${1:high}\")",
        "How bad it is when the rule is broken.",
    ),
];

/// The methods of a type.
pub(super) fn methods(ty: &Type<'_>) -> &'static [Word] {
    match ty {
        Type::Set(_) => SETS,
        Type::Decimal => DECIMALS,
        Type::Ip => ADDRESSES,
        Type::Datetime => DATETIMES,
        Type::Duration => DURATIONS,
        Type::Entity(_) => TAGS,
        Type::Bool | Type::Long | Type::Text | Type::Record(_) | Type::Action | Type::Unknown => {
            &[]
        }
    }
}

/// The operators that can follow a value of a type.
pub(super) fn operators(ty: &Type<'_>) -> Vec<&'static Word> {
    let groups: &[&[Word]] = match ty {
        Type::Bool => &[LOGIC, COMPARISONS],
        Type::Long => &[COMPARISONS, ORDERS, SUMS],
        Type::Datetime | Type::Duration => &[COMPARISONS, ORDERS],
        Type::Text | Type::Decimal | Type::Ip | Type::Set(_) | Type::Record(_) => &[COMPARISONS],
        Type::Entity(_) => &[COMPARISONS, MEMBERSHIP],
        Type::Action => &[COMPARISONS, MEMBERSHIP],
        Type::Unknown => &[COMPARISONS, ORDERS, SUMS, MEMBERSHIP, LOGIC],
    };
    let has = matches!(ty, Type::Entity(_) | Type::Record(_) | Type::Unknown).then_some(&HAS);
    let like = matches!(ty, Type::Text | Type::Unknown).then_some(&LIKE);
    groups.iter().copied().flatten().chain(has).chain(like).collect()
}

/// `&&` and `||`.
pub(super) fn logic() -> &'static [Word] {
    LOGIC
}

/// The functions that make values.
pub(super) fn functions() -> &'static [Word] {
    FUNCTIONS
}

/// The function that makes values of a type.
pub(super) fn constructor(ty: &Type<'_>) -> Option<&'static Word> {
    let name = match ty {
        Type::Decimal => "decimal",
        Type::Datetime => "datetime",
        Type::Duration => "duration",
        Type::Ip => "ip",
        _ => return None,
    };
    FUNCTIONS.iter().find(|word| word.name == name)
}

/// The annotations that Remit, or custom, knows.
pub(super) fn annotations() -> &'static [Word] {
    ANNOTATIONS
}

/// A variable.
pub(super) fn variable(name: &str) -> Option<&'static Word> {
    VARIABLES.iter().find(|word| word.name == name)
}

/// A keyword.
pub(super) fn keyword(name: &str) -> Option<&'static Word> {
    KEYWORDS.iter().find(|word| word.name == name)
}

/// A method, whatever its type.
pub(super) fn method(name: &str) -> Option<&'static Word> {
    let all = [SETS, TAGS, DECIMALS, ADDRESSES, DATETIMES, DURATIONS];
    all.into_iter().flatten().find(|word| word.name == name)
}

/// What is known about any word or operator of the language.
pub(super) fn any(name: &str) -> Option<&'static Word> {
    let groups = [COMPARISONS, ORDERS, SUMS, LOGIC, MEMBERSHIP, FUNCTIONS];
    let others = [&HAS, &LIKE].into_iter().find(|word| word.name == name);
    let grouped = groups.into_iter().flatten().find(|word| word.name == name);
    grouped.or(others).or_else(|| variable(name)).or_else(|| keyword(name))
}
