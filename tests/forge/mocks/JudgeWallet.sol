// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @title JudgeWallet
/// @notice A wallet whose signature (ERC-1271) is whatever it was told: one exact string of bytes over one digest, any
/// string over anything, or what its key has signed in any of the forms that a curve point can take.
contract JudgeWallet is IERC1271 {
    enum Manner {
        /// This string over this digest.
        Exact,
        /// Anything.
        Anything,
        /// What its key signed, of any form: the higher `s`, a recovery bit of 0 or 1, the compact form.
        AnyForm
    }

    Manner private _manner;
    bytes32 private _digest;
    bytes32 private _signature;
    address private _key;

    function expectExact(bytes32 digest, bytes calldata signature) external {
        (_manner, _digest, _signature) = (Manner.Exact, digest, keccak256(signature));
    }

    function expectAnything() external {
        _manner = Manner.Anything;
    }

    function expectAnyForm(address key) external {
        (_manner, _key) = (Manner.AnyForm, key);
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        bool isValid = _manner == Manner.Anything;
        if (_manner == Manner.Exact) isValid = digest == _digest && keccak256(signature) == _signature;
        if (_manner == Manner.AnyForm) isValid = _recover(digest, signature) == _key;
        return isValid ? IERC1271.isValidSignature.selector : bytes4(0);
    }

    function _recover(bytes32 digest, bytes calldata signature) private pure returns (address) {
        bytes32 r = bytes32(signature[:32]);
        bytes32 s = bytes32(signature[32:64]);
        if (signature.length == 64) {
            uint8 v = uint8(uint256(s) >> 255) + 27;
            return ecrecover(digest, v, r, s & bytes32(type(uint256).max >> 1));
        }
        uint8 bit = uint8(signature[64]);
        return ecrecover(digest, bit < 27 ? bit + 27 : bit, r, s);
    }
}
