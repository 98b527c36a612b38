//! The segments before the scan of a baseline JPEG.

use super::bits::Codes;

/// A color component.
#[derive(Clone, Copy, Debug)]
pub(super) struct Component {
    id: u8,
    /// Blocks in a unit of the scan.
    pub across: usize,
    pub down: usize,
    /// The quantization step of the first coefficient.
    pub scale: i32,
    quantization: usize,
    /// Tables of the first coefficient and of the others.
    pub first: usize,
    pub others: usize,
}

/// Tables of Huffman codes.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub first: [Option<Codes>; 4],
    pub others: [Option<Codes>; 4],
}

/// What the scan needs.
#[derive(Debug, Default)]
pub(super) struct Header {
    pub width: u16,
    pub height: u16,
    pub components: Vec<Component>,
    pub tables: Tables,
    /// Units between restart markers; 0 for none.
    pub restart: usize,
    /// The place of the scan's bits.
    pub scan: usize,
    steps: [i32; 4],
    /// The color transform of an Adobe segment.
    transform: Option<u8>,
}

impl Header {
    /// The header of a baseline JPEG of one scan, grey or YCbCr; `None` for any other file.
    pub(super) fn read(file: &[u8]) -> Option<Self> {
        let mut header = Self::default();
        let mut at = 2;
        loop {
            while file.get(at)? == &0xff && file.get(at + 1)? == &0xff {
                at += 1;
            }
            let marker = (*file.get(at)? == 0xff).then_some(*file.get(at + 1)?)?;
            let length = usize::from(short(file, at + 2)?);
            let content = file.get(at + 4..at.checked_add(2)?.checked_add(length)?)?;
            at += 2 + length;
            match marker {
                0xc0 | 0xc1 => header.frame(content)?,
                0xc4 => header.codes(content)?,
                0xdb => header.quantization(content)?,
                0xdd => header.restart = usize::from(short(content, 0)?),
                0xee if content.starts_with(b"Adobe") => {
                    header.transform = content.get(11).copied()
                }
                0xda => {
                    header.scan(content)?;
                    header.scan = at;
                    return Some(header);
                }
                // Other frames: progressive, lossless, arithmetic codes.
                0xc2 | 0xc3 | 0xc5..=0xcf | 0xd0..=0xd9 => return None,
                _ => {}
            }
        }
    }

    fn frame(&mut self, content: &[u8]) -> Option<()> {
        let [8, heights @ .., count] = content.get(..6)? else { return None };
        (self.height, self.width) = (short(heights, 0)?, short(heights, 2)?);
        if !matches!(count, 1 | 3) || self.width == 0 || self.height == 0 {
            return None;
        }
        for component in content.get(6..6 + 3 * usize::from(*count))?.chunks_exact(3) {
            let (across, down) = (usize::from(component[1] >> 4), usize::from(component[1] & 15));
            if !(1..=4).contains(&across) || !(1..=4).contains(&down) {
                return None;
            }
            // A single component is not interleaved: its units are blocks.
            let (across, down) = if *count == 1 { (1, 1) } else { (across, down) };
            let (id, quantization) = (component[0], usize::from(component[2]));
            let (scale, first, others) = (0, 0, 0);
            self.components.push(Component {
                id,
                across,
                down,
                scale,
                quantization,
                first,
                others,
            });
        }
        let (across, down) = self.sampling();
        let divides =
            |c: &Component| across.is_multiple_of(c.across) && down.is_multiple_of(c.down);
        self.components.iter().all(divides).then_some(())
    }

    fn codes(&mut self, mut content: &[u8]) -> Option<()> {
        while !content.is_empty() {
            let (kind, counts) = (*content.first()?, content.get(1..17)?);
            let counts: &[u8; 16] = counts.try_into().ok()?;
            let total = counts.iter().map(|count| usize::from(*count)).sum::<usize>();
            let table = Codes::new(counts, content.get(17..17 + total)?)?;
            let tables =
                if kind >> 4 == 0 { &mut self.tables.first } else { &mut self.tables.others };
            *tables.get_mut(usize::from(kind & 15))? = Some(table);
            content = content.get(17 + total..)?;
        }
        Some(())
    }

    fn quantization(&mut self, mut content: &[u8]) -> Option<()> {
        while !content.is_empty() {
            let kind = *content.first()?;
            let is_wide = kind >> 4 != 0;
            let step = if is_wide { short(content, 1)? } else { u16::from(*content.get(1)?) };
            *self.steps.get_mut(usize::from(kind & 15))? = step.into();
            content = content.get(if is_wide { 129 } else { 65 }..)?;
        }
        Some(())
    }

    fn scan(&mut self, content: &[u8]) -> Option<()> {
        let count = usize::from(*content.first()?);
        let is_ycc = self.transform != Some(0)
            && !self.components.iter().map(|component| component.id).eq(*b"RGB");
        if count == 0 || count != self.components.len() || (count == 3 && !is_ycc) {
            return None;
        }
        let tables = content.get(1..1 + 2 * count)?.chunks_exact(2);
        for (component, table) in self.components.iter_mut().zip(tables) {
            if component.id != table[0] {
                return None;
            }
            (component.first, component.others) =
                (usize::from(table[1] >> 4), usize::from(table[1] & 15));
            component.scale = *self.steps.get(component.quantization)?;
        }
        (content.get(1 + 2 * count..)? == [0, 63, 0]).then_some(())
    }

    /// The most blocks of a component in a unit, across and down.
    pub(super) fn sampling(&self) -> (usize, usize) {
        let most = |of: fn(&Component) -> usize| self.components.iter().map(of).max().unwrap_or(1);
        (most(|component| component.across), most(|component| component.down))
    }

    /// Units of the scan in a row and in a column.
    pub(super) fn units(&self) -> (usize, usize) {
        let (across, down) = self.sampling();
        let units = |length: u16, blocks: usize| usize::from(length).div_ceil(8 * blocks);
        (units(self.width, across), units(self.height, down))
    }
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}
