// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PlainToken} from "./LedgerToken.sol";

/// @title ForgingToken
/// @notice Honours authorisations (ERC-3009) that nobody signed, in the way it was told, and may make a call meanwhile.
contract ForgingToken is PlainToken {
    enum Manner {
        /// Delivers out of nothing.
        Mint,
        /// Takes it from whoever is named.
        Take,
        /// Takes it from its maker.
        Give,
        /// Delivers nothing.
        Nothing,
        /// Delivers one more.
        More,
        /// Delivers one less.
        Less,
        /// Takes away what the escrow holds.
        Empty
    }

    address private immutable MAKER = msg.sender;
    Manner private _manner;
    address private _target;
    bytes private _data;
    /// What the call answered.
    bytes public answer;
    bool public isAnswered;

    function setManner(Manner manner) external {
        _manner = manner;
    }

    function setCall(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32,
        uint8,
        bytes32,
        bytes32
    ) external {
        if (_target != address(0)) (isAnswered, answer) = _target.call(_data);
        if (_manner == Manner.Mint) _balances[to] += value;
        if (_manner == Manner.Take) _move(from, to, value);
        if (_manner == Manner.Give) _move(MAKER, to, value);
        if (_manner == Manner.More) _balances[to] += value + 1;
        if (_manner == Manner.Less) _balances[to] += value - 1;
        if (_manner == Manner.Empty) _balances[to] = 0;
    }
}
