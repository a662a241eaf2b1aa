// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IMilestoneEscrow} from "../interfaces/IMilestoneEscrow.sol";
import {Terms} from "../types/EscrowTypes.sol";
import {Consents} from "./Consents.sol";

/// @title TermsLib
/// @notice Reads, checks and hashes the terms of an agreement.
library TermsLib {
    /// Statuses are four bits each in one slot.
    uint256 internal constant MAX_MILESTONES = 64;
    uint256 internal constant BPS = 10_000;
    /// A tenth of the disputed amount: more would make ruling a prize worth disputing for.
    uint256 internal constant MAX_ARBITER_FEE_BPS = 1_000;
    /// A shorter clock could run out while a transaction waits; a longer one would trap money.
    uint256 internal constant MIN_PERIOD = 1 hours;
    uint256 internal constant MAX_PERIOD = 365 days;
    /// Fifteen bits in a clock.
    uint256 internal constant MAX_UNITS = 32_767;
    /// Keeps every product of an amount and a share inside 256 bits.
    uint256 internal constant MAX_AMOUNT = type(uint128).max;

    uint256 private constant SELECTOR_BYTES = 4;
    /// The fifteen fields before the amounts, a word each.
    uint256 private constant FIXED_BYTES = 480;

    bytes32 internal constant TYPEHASH = keccak256(
        "Terms(address client,address freelancer,address payee,address arbiter,address token,uint32 reviewPeriod,uint32 responsePeriod,uint32 rulingPeriod,uint16 arbiterFeeBps,uint16 defaultBps,uint40 start,uint32 period,uint16 units,bytes32 scope,bytes32 salt,uint256[] amounts)"
    );

    /// @dev Takes the fields before the amounts as they were sent, which encoding them anew would only repeat. What does
    /// not fit a field's type makes another hash, and {validate} refuses it before money is taken in under that hash.
    /// @param argument Which argument of the call `terms` are, from zero.
    /// @return The EIP-712 struct hash of `terms`.
    function hash(Terms calldata terms, uint256 argument) internal pure returns (bytes32) {
        // The decoder has taken no offset above 64 bits, so no sum wraps.
        unchecked {
            uint256 head = SELECTOR_BYTES + 32 * argument;
            uint256 start = SELECTOR_BYTES + uint256(bytes32(msg.data[head:head + 32]));
            return keccak256(
                abi.encodePacked(
                    TYPEHASH, msg.data[start:start + FIXED_BYTES], keccak256(abi.encodePacked(terms.amounts))
                )
            );
        }
    }

    /// @notice Reverts with the first rule that `terms` break.
    function validate(Terms calldata terms) internal view {
        (address client, address freelancer, address arbiter) = (terms.client, terms.freelancer, terms.arbiter);
        if (client == address(0) || freelancer == address(0)) {
            revert IMilestoneEscrow.PartyMissing(client, freelancer);
        }
        if (client == freelancer || client == arbiter || freelancer == arbiter) {
            revert IMilestoneEscrow.RolesNotDistinct(client, freelancer, arbiter);
        }
        (address payee, address token) = (terms.payee, terms.token);
        if (payee == address(0) || payee == address(this) || payee == token || payee == arbiter) {
            revert IMilestoneEscrow.RecipientInvalid(payee);
        }
        if (token != address(0) && token.code.length == 0) revert IMilestoneEscrow.TokenMissing(token);
        _validateAmounts(terms.amounts);
        if (terms.arbiterFeeBps > MAX_ARBITER_FEE_BPS) {
            revert IMilestoneEscrow.ArbiterFeeTooHigh(terms.arbiterFeeBps, MAX_ARBITER_FEE_BPS);
        }
        if (terms.defaultBps > BPS) revert IMilestoneEscrow.DefaultShareTooHigh(terms.defaultBps, BPS);
        if (_isOutOfRange(terms.reviewPeriod)) {
            revert IMilestoneEscrow.ReviewPeriodOutOfRange(terms.reviewPeriod, MIN_PERIOD, MAX_PERIOD);
        }
        if (_isOutOfRange(terms.responsePeriod)) {
            revert IMilestoneEscrow.ResponsePeriodOutOfRange(terms.responsePeriod, MIN_PERIOD, MAX_PERIOD);
        }
        if (_isOutOfRange(terms.rulingPeriod)) {
            revert IMilestoneEscrow.RulingPeriodOutOfRange(terms.rulingPeriod, MIN_PERIOD, MAX_PERIOD);
        }
        if (isMetered(terms)) {
            if (_isOutOfRange(terms.period)) {
                revert IMilestoneEscrow.MeteringPeriodOutOfRange(terms.period, MIN_PERIOD, MAX_PERIOD);
            }
            if (terms.start == 0 || terms.units == 0 || terms.units > MAX_UNITS || terms.amounts.length != 1) {
                revert IMilestoneEscrow.MeteringInvalid(terms.start, terms.units, terms.amounts.length);
            }
        } else if (terms.start != 0 || terms.units != 0) {
            revert IMilestoneEscrow.MeteringInvalid(terms.start, terms.units, terms.amounts.length);
        }
    }

    function isMetered(Terms calldata terms) internal pure returns (bool) {
        return terms.period != 0;
    }

    /// @return How many milestones can be funded.
    function count(Terms calldata terms) internal pure returns (uint256) {
        return isMetered(terms) ? MAX_MILESTONES : terms.amounts.length;
    }

    /// @return amount Token base units of `milestone`, which is within the terms.
    /// @return units Units that make up the whole of it.
    function measureOf(Terms calldata terms, uint256 milestone) internal pure returns (uint256 amount, uint256 units) {
        return isMetered(terms) ? (terms.amounts[0], terms.units) : (terms.amounts[milestone], BPS);
    }

    /// @notice Reverts where `set` goes beyond the terms of `agreement`.
    /// @return sum Token base units of all milestones of `set`.
    function sumOf(Terms calldata terms, bytes32 agreement, uint64 set) internal pure returns (uint256 sum) {
        uint256[] calldata amounts = terms.amounts;
        // Sixty-four amounts of 128 bits stay far below 256.
        unchecked {
            if (isMetered(terms)) return amounts[0] * Consents.size(set);
            if (set >> amounts.length != 0) {
                revert IMilestoneEscrow.MilestoneOutOfRange(agreement, Math.log2(set), amounts.length);
            }
            for (uint256 i = 0; set >> i != 0; ++i) {
                if ((set >> i) & 1 == 1) sum += amounts[i];
            }
        }
    }

    /// @return Units that make up the whole of a milestone.
    function whole(Terms calldata terms) internal pure returns (uint256) {
        return isMetered(terms) ? terms.units : BPS;
    }

    /// @return Unix time at which the period of `milestone` is over; zero for a fixed price.
    function periodEnd(Terms calldata terms, uint256 milestone) internal pure returns (uint256) {
        return uint256(terms.start) + (milestone + 1) * terms.period;
    }

    function _validateAmounts(uint256[] calldata amounts) private pure {
        if (amounts.length == 0 || amounts.length > MAX_MILESTONES) {
            revert IMilestoneEscrow.MilestoneCountOutOfRange(amounts.length, MAX_MILESTONES);
        }
        for (uint256 i = 0; i < amounts.length; ++i) {
            uint256 amount = amounts[i];
            if (amount == 0 || amount > MAX_AMOUNT) {
                revert IMilestoneEscrow.AmountOutOfRange(i, amount, MAX_AMOUNT);
            }
        }
    }

    function _isOutOfRange(uint256 period) private pure returns (bool) {
        // Below the minimum it wraps to more than any period.
        unchecked {
            return period - MIN_PERIOD > MAX_PERIOD - MIN_PERIOD;
        }
    }
}
