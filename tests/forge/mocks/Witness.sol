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

    function look() external {
        MilestoneView memory seen = _escrow.milestoneAt(_terms, 0, uint40(block.timestamp));
        address token = _terms.token;
        sights.push(
            Sight({
                status: uint8(seen.status),
                open: uint64(seen.open),
                balance: uint64(
                    token == address(0) ? address(_escrow).balance : IERC20(token).balanceOf(address(_escrow))
                ),
                payeeCredit: uint64(_escrow.credits(token, _terms.payee)),
                clientCredit: uint64(_escrow.credits(token, _terms.client))
            })
        );
    }

    function count() external view returns (uint256) {
        return sights.length;
    }
}
