// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title StubbornWallet
/// @notice A wallet with code that meets incoming coin, and tokens that say so, in the way it was told.
contract StubbornWallet {
    enum Manner {
        /// Takes it.
        Accept,
        /// Reverts with a reason.
        Revert,
        /// Uses all the gas there is.
        BurnGas,
        /// Takes it and returns so many bytes.
        ReturnBomb,
        /// Reverts with so many bytes.
        RevertBomb,
        /// Uses so much gas, then takes it.
        UseGas,
        /// Takes it only where so much gas is brought.
        WantGas,
        /// Takes it; what it does with it uses so much gas, or is left undone where there is less.
        TryWithGas
    }

    Manner private _manner;
    /// How much gas, or how many bytes.
    uint256 private _amount;
    /// How often what it does with the money was done and left undone.
    uint256 public done;
    uint256 public undone;

    error Stubborn();

    receive() external payable {
        _meet(gasleft());
    }

    function tokensReceived() external {
        _meet(gasleft());
    }

    function setManner(Manner manner, uint256 amount) external {
        (_manner, _amount) = (manner, amount);
    }

    function useGas() external view {
        _useGas(gasleft());
    }

    function _meet(uint256 gasAtEntry) private {
        if (_manner == Manner.Revert) revert Stubborn();
        if (_manner == Manner.BurnGas) while (true) {}
        if (_manner == Manner.ReturnBomb) {
            uint256 size = _amount;
            assembly ("memory-safe") {
                return(0x1000, size)
            }
        }
        if (_manner == Manner.RevertBomb) {
            uint256 size = _amount;
            assembly ("memory-safe") {
                revert(0x1000, size)
            }
        }
        if (_manner == Manner.UseGas) _useGas(gasAtEntry);
        if (_manner == Manner.WantGas && gasAtEntry < _amount) revert Stubborn();
        if (_manner == Manner.TryWithGas) {
            try this.useGas() {
                ++done;
            } catch {
                ++undone;
            }
        }
    }

    function _useGas(uint256 gasAtEntry) private view {
        uint256 use = _amount;
        while (gasAtEntry - gasleft() < use) {}
    }
}
