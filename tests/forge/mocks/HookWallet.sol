// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title HookWallet
/// @notice A wallet with code that makes a call of its own whenever it receives coin, or a token that says so, and keeps
/// what was answered. Takes nothing while it refuses.
contract HookWallet {
    address private _target;
    bytes private _data;
    bool private _refuses;
    uint256 public attempts;
    uint256 public entries;
    bytes public answer;

    receive() external payable {
        _fire();
    }

    function tokensReceived() external {
        _fire();
    }

    function arm(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
        (attempts, entries, answer) = (0, 0, "");
    }

    function refuse(bool refuses) external {
        _refuses = refuses;
    }

    function _fire() private {
        require(!_refuses, "not now");
        if (_target == address(0)) return;
        bool success;
        ++attempts;
        (success, answer) = _target.call(_data);
        if (success) ++entries;
    }
}
