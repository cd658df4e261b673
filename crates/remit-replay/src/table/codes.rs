//! A small number for each row, in as few bytes as the largest needs.

/// A code for each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Codes {
    /// Codes below 2⁸.
    Narrow(Vec<u8>),
    /// Codes below 2¹⁶.
    Middle(Vec<u16>),
    /// Any.
    Wide(Vec<u32>),
}

impl Codes {
    /// `codes`, all of them below `radix`.
    pub(crate) fn new(codes: Vec<u32>, radix: usize) -> Self {
        if radix <= 1 << 8 {
            Codes::Narrow(codes.into_iter().map(|code| code as u8).collect())
        } else if radix <= 1 << 16 {
            Codes::Middle(codes.into_iter().map(|code| code as u16).collect())
        } else {
            Codes::Wide(codes)
        }
    }

    pub(crate) fn get(&self, row: usize) -> Option<u32> {
        match self {
            Codes::Narrow(codes) => codes.get(row).map(|code| (*code).into()),
            Codes::Middle(codes) => codes.get(row).map(|code| (*code).into()),
            Codes::Wide(codes) => codes.get(row).copied(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Codes::Narrow(codes) => codes.len(),
            Codes::Middle(codes) => codes.len(),
            Codes::Wide(codes) => codes.len(),
        }
    }

    /// How many bytes they take.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Codes::Narrow(codes) => codes.len(),
            Codes::Middle(codes) => 2 * codes.len(),
            Codes::Wide(codes) => 4 * codes.len(),
        }
    }

    /// Whether all codes are below `radix`.
    pub(crate) fn are_below(&self, radix: usize) -> bool {
        let max = match self {
            Codes::Narrow(codes) => codes.iter().max().map(|code| u32::from(*code)),
            Codes::Middle(codes) => codes.iter().max().map(|code| u32::from(*code)),
            Codes::Wide(codes) => codes.iter().max().copied(),
        };
        max.is_none_or(|max| (max as usize) < radix)
    }
}
