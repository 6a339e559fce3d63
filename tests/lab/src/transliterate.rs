//! Transliteration: the ASCII part of a character's compatibility decomposition, for Latin letters and similar ones.

const ACCENTED: [(&str, char); 30] = [
    ("ÀÁÂÃÄÅĀĂĄ", 'A'),
    ("àáâãäåāăąª", 'a'),
    ("ÇĆĈĊČ", 'C'),
    ("çćĉċč", 'c'),
    ("Ď", 'D'),
    ("ď", 'd'),
    ("ÈÉÊËĒĔĖĘĚ", 'E'),
    ("èéêëēĕėęě", 'e'),
    ("ĜĞĠĢ", 'G'),
    ("ĝğġģ", 'g'),
    ("ÌÍÎÏĨĪĬĮİ", 'I'),
    ("ìíîïĩīĭį", 'i'),
    ("ĹĻĽ", 'L'),
    ("ĺļľ", 'l'),
    ("ÑŃŅŇ", 'N'),
    ("ñńņň", 'n'),
    ("ÒÓÔÕÖŌŎŐ", 'O'),
    ("òóôõöōŏőº", 'o'),
    ("ŔŖŘ", 'R'),
    ("ŕŗř", 'r'),
    ("ŚŜŞŠ", 'S'),
    ("śŝşš", 's'),
    ("ŢŤ", 'T'),
    ("ţť", 't'),
    ("ÙÚÛÜŨŪŬŮŰŲ", 'U'),
    ("ùúûüũūŭůűų", 'u'),
    ("ÝŶŸ", 'Y'),
    ("ýÿŷ", 'y'),
    ("ŹŻŽ", 'Z'),
    ("źżž", 'z'),
];

/// Other characters and their ASCII forms.
const COMPATIBLE: [(char, &str); 16] = [
    ('\u{a0}', " "),
    ('\u{2002}', " "),
    ('\u{2003}', " "),
    ('\u{3000}', " "),
    ('²', "2"),
    ('³', "3"),
    ('¹', "1"),
    ('…', "..."),
    ('№', "No"),
    ('™', "TM"),
    ('ﬁ', "fi"),
    ('ﬂ', "fl"),
    ('Ĳ', "IJ"),
    ('ĳ', "ij"),
    ('½', "12"),
    ('¼', "14"),
];

/// The distance between full-width letters, digits or signs and their ASCII forms.
const FULL_WIDTH: u32 = 0xff01 - 0x21;

/// Returns the ASCII form of a character, or an empty text if it has none.
pub(crate) fn fold(c: char) -> String {
    if c.is_ascii() {
        return c.into();
    }
    if let Some(narrow) = char::from_u32(u32::from(c).saturating_sub(FULL_WIDTH))
        .filter(|narrow| narrow.is_ascii_graphic())
    {
        return narrow.into();
    }
    let accented = ACCENTED.iter().find(|(letters, _)| letters.contains(c));
    let compatible = || COMPATIBLE.iter().find(|(known, _)| *known == c);
    accented.map_or_else(
        || compatible().map_or_else(String::new, |(_, text)| (*text).into()),
        |(_, plain)| (*plain).into(),
    )
}
