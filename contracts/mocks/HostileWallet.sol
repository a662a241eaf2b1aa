// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title HostileWallet
/// @notice A contract wallet (ERC-1271) that its owner drives, and that meets incoming coin in the way it was told.
contract HostileWallet is IERC1271 {
    enum Manner {
        Accept,
        Revert,
        BurnGas,
        ReturnBomb,
        Reenter
    }

    address private immutable OWNER = msg.sender;
    Manner public manner;
    address private _target;
    bytes private _data;
    /// What the reentering call answered: its revert data.
    bytes public answer;

    receive() external payable {
        if (manner == Manner.Revert) revert("no coin here");
        if (manner == Manner.BurnGas) while (true) {}
        if (manner == Manner.ReturnBomb) {
            assembly ("memory-safe") {
                return(0, 1000000)
            }
        }
        if (manner == Manner.Reenter) {
            bool success;
            (success, answer) = _target.call(_data);
        }
    }

    function setManner(Manner to, address target, bytes calldata data) external {
        manner = to;
        _target = target;
        _data = data;
    }

    function execute(address target, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        return Address.functionCallWithValue(target, data, value);
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recoverCalldata(hash, signature) == OWNER ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
