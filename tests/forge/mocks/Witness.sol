// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {MilestoneView, Terms} from "../../../contracts/types/EscrowTypes.sol";

/// @title Witness
/// @notice Reads an agreement whenever it is told to, and keeps what it saw.
contract Witness {
    /// Two words, so that a recipient of the coin can afford to look.
    struct Sight {
        uint8 status;
        uint64 open;
        uint64 balance;
        uint64 payeeCredit;
        uint64 clientCredit;
    }

    IMilestoneEscrow private _escrow;
    Terms private _terms;
    Sight[] public sights;

    function watch(IMilestoneEscrow escrow, Terms calldata terms) external {
        (_escrow, _terms) = (escrow, terms);
        delete sights;
    }

    /// The three views over milestones must tell the same.
    error Contradiction(uint256 statuses, MilestoneView one, MilestoneView ofAll);

    function look() external {
        Terms memory terms = _terms;
        MilestoneView memory seen = _escrow.milestoneAt(terms, 0, uint40(block.timestamp));
        (bytes32 agreement, MilestoneView[] memory all) = _escrow.agreementAt(terms, uint40(block.timestamp));
        uint256 statuses = _escrow.statusesOf(agreement);
        if (statuses & 0xf != uint8(seen.status) || keccak256(abi.encode(seen)) != keccak256(abi.encode(all[0]))) {
            revert Contradiction(statuses, seen, all[0]);
        }
        address token = terms.token;
        sights.push(
            Sight({
                status: uint8(seen.status),
                open: uint64(seen.open),
                balance: uint64(
                    token == address(0) ? address(_escrow).balance : IERC20(token).balanceOf(address(_escrow))
                ),
                payeeCredit: uint64(_escrow.credits(token, terms.payee)),
                clientCredit: uint64(_escrow.credits(token, terms.client))
            })
        );
    }

    function count() external view returns (uint256) {
        return sights.length;
    }
}
