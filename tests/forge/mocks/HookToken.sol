// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LedgerToken} from "./LedgerToken.sol";

/// @title HookToken
/// @notice Makes a call of its own at one chosen moment of every transfer, permit, authorisation or reading of a
/// balance, and keeps what was answered. Takes any signature, and refuses one recipient.
contract HookToken is LedgerToken {
    enum Moment {
        Never,
        BeforeTransfer,
        AfterTransfer,
        BeforeTransferFrom,
        AfterTransferFrom,
        Permit,
        BeforeAuthorization,
        AfterAuthorization,
        BalanceOf
    }

    Moment private _moment;
    address private _target;
    bytes private _data;
    address private _refused;
    uint256 public attempts;
    uint256 public entries;
    bytes public answer;

    /// The answer to a call made while a balance is read, when nothing can be kept.
    error Answer(bool success, bytes answer);

    function arm(Moment moment, address target, bytes calldata data) external {
        (_moment, _target, _data) = (moment, target, data);
        (attempts, entries, answer) = (0, 0, "");
    }

    function refuse(address recipient) external {
        _refused = recipient;
    }

    function balanceOf(address owner) public view override returns (uint256) {
        if (_moment == Moment.BalanceOf && msg.sender == _target) {
            (bool success, bytes memory said) = _target.staticcall(_data);
            revert Answer(success, said);
        }
        return _balances[owner];
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _fire(Moment.BeforeTransfer);
        if (to == _refused) return false;
        _move(msg.sender, to, amount);
        _fire(Moment.AfterTransfer);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        _fire(Moment.BeforeTransferFrom);
        _spend(from, amount);
        _move(from, to, amount);
        _fire(Moment.AfterTransferFrom);
        return true;
    }

    function permit(address owner, address spender, uint256 value, uint256, uint8, bytes32, bytes32) external {
        _fire(Moment.Permit);
        allowance[owner][spender] = value;
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
        _fire(Moment.BeforeAuthorization);
        _move(from, to, value);
        _fire(Moment.AfterAuthorization);
    }

    function _fire(Moment moment) private {
        if (moment != _moment) return;
        bool success;
        ++attempts;
        (success, answer) = _target.call(_data);
        if (success) ++entries;
    }
}
