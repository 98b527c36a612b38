//! Memory of common microcontroller boards.

use crate::near::near;
use thiserror::Error;

/// A board or microcontroller with its memory.
///
/// # Examples
/// ```
/// use automl_settings::Board;
///
/// let board = Board::find("arduino-nano-33-ble")?;
/// assert_eq!((board.flash, board.ram), (1 << 20, 256 << 10));
/// assert_eq!(board.limits(), (512 << 10, 128 << 10));
/// # Ok::<(), automl_settings::UnknownBoard>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Board {
    /// Name on the command line.
    pub name: &'static str,
    /// Bytes of flash for programs and constants.
    pub flash: u64,
    /// Bytes of the largest contiguous RAM, because an arena is contiguous.
    pub ram: u64,
    /// The document that states both.
    pub source: &'static str,
}

/// A name that is not in the list.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no board {name:?}{}; known are {}", near(name, BOARDS.iter().map(|board| board.name)), names())]
pub struct UnknownBoard {
    /// The name.
    pub name: String,
}

const K: u64 = 1 << 10;

const BOARDS: [Board; 10] = [
    Board {
        name: "arduino-nano-33-ble",
        flash: 1024 * K,
        ram: 256 * K,
        source: "Nordic Semiconductor, nRF52840 Product Specification, Memory",
    },
    Board {
        name: "microbit-v2",
        flash: 512 * K,
        ram: 128 * K,
        source: "Nordic Semiconductor, nRF52833 Product Specification, Memory",
    },
    Board {
        name: "stm32f103c8",
        flash: 64 * K,
        ram: 20 * K,
        source: "STMicroelectronics, DS5319 (STM32F103x8), table 2",
    },
    Board {
        name: "stm32f411ce",
        flash: 512 * K,
        ram: 128 * K,
        source: "STMicroelectronics, DS10314 (STM32F411xC/xE), table 2",
    },
    Board {
        name: "stm32f746ng",
        flash: 1024 * K,
        ram: 320 * K,
        source: "STMicroelectronics, DS10916 (STM32F745xx, STM32F746xx), table 2",
    },
    Board {
        name: "stm32l4r5zi",
        flash: 2048 * K,
        ram: 640 * K,
        source: "STMicroelectronics, DS12023 (STM32L4R5xx), table 2",
    },
    Board {
        name: "stm32h743zi",
        flash: 2048 * K,
        ram: 512 * K,
        source: "STMicroelectronics, DS12110 (STM32H743xI), memories: AXI SRAM of 512 KB",
    },
    Board {
        name: "esp32-s3",
        flash: 8192 * K,
        ram: 480 * K,
        source: "Espressif, ESP32-S3-WROOM-1 datasheet, module N8; ESP32-S3 Technical Reference Manual, \
                 System and Memory: SRAM 1 of 416 KB and SRAM 2 of 64 KB on the data bus",
    },
    Board {
        name: "raspberry-pi-pico",
        flash: 2048 * K,
        ram: 264 * K,
        source: "Raspberry Pi, Pico datasheet (RP2040)",
    },
    Board {
        name: "raspberry-pi-pico-2",
        flash: 4096 * K,
        ram: 520 * K,
        source: "Raspberry Pi, Pico 2 datasheet (RP2350)",
    },
];

impl Board {
    /// The boards that are known by name.
    pub const fn all() -> &'static [Self] {
        &BOARDS
    }

    /// The board of a name.
    ///
    /// # Errors
    /// [`UnknownBoard`] with the known names.
    pub fn find(name: &str) -> Result<&'static Self, UnknownBoard> {
        let board = BOARDS.iter().find(|board| board.name == name);
        board.ok_or_else(|| UnknownBoard { name: name.to_owned() })
    }

    /// Bytes of flash and RAM that a network may take: half of each. The other half is for the
    /// application, its stack, drivers and the network's own instructions.
    pub const fn limits(&self) -> (u64, u64) {
        (self.flash / 2, self.ram / 2)
    }
}

fn names() -> String {
    BOARDS.map(|board| board.name).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_unknown_ones_listed() {
        for board in Board::all() {
            assert_eq!(Board::find(board.name), Ok(board));
            assert!(board.limits().0 > 0 && board.limits().1 < board.ram);
        }
        let error = Board::find("nano").unwrap_err().to_string();
        assert!(error.starts_with("there is no board \"nano\"; known are arduino-nano"), "{error}");
    }
}
