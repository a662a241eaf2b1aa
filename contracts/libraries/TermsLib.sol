// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../interfaces/IMilestoneEscrow.sol";
import {Terms} from "../types/EscrowTypes.sol";

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

    bytes32 internal constant TYPEHASH = keccak256(
        "Terms(address client,address freelancer,address payee,address arbiter,address token,uint32 reviewPeriod,uint32 responsePeriod,uint32 rulingPeriod,uint16 arbiterFeeBps,uint16 defaultBps,uint40 start,uint32 period,uint16 units,bytes32 scope,bytes32 salt,uint256[] amounts)"
    );

    /// @return The EIP-712 struct hash of `terms`.
    function hash(Terms calldata terms) internal pure returns (bytes32) {
        return keccak256(
            bytes.concat(
                abi.encode(TYPEHASH, terms.client, terms.freelancer, terms.payee, terms.arbiter, terms.token),
                abi.encode(
                    terms.reviewPeriod,
                    terms.responsePeriod,
                    terms.rulingPeriod,
                    terms.arbiterFeeBps,
                    terms.defaultBps,
                    terms.start
                ),
                abi.encode(
                    terms.period, terms.units, terms.scope, terms.salt, keccak256(abi.encodePacked(terms.amounts))
                )
            )
        );
    }

    /// @notice Reverts with the first rule that `terms` break.
    function validate(Terms calldata terms) internal view {
        if (terms.client == address(0) || terms.freelancer == address(0)) {
            revert IMilestoneEscrow.PartyMissing(terms.client, terms.freelancer);
        }
        if (terms.client == terms.freelancer || terms.client == terms.arbiter || terms.freelancer == terms.arbiter) {
            revert IMilestoneEscrow.RolesNotDistinct(terms.client, terms.freelancer, terms.arbiter);
        }
        if (
            terms.payee == address(0) || terms.payee == address(this) || terms.payee == terms.token
                || terms.payee == terms.arbiter
        ) {
            revert IMilestoneEscrow.RecipientInvalid(terms.payee);
        }
        if (terms.token != address(0) && terms.token.code.length == 0) {
            revert IMilestoneEscrow.TokenMissing(terms.token);
        }
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

    /// @return Token base units of `milestone`.
    function amountOf(Terms calldata terms, uint256 milestone) internal pure returns (uint256) {
        return terms.amounts[isMetered(terms) ? 0 : milestone];
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
            if (amounts[i] == 0 || amounts[i] > MAX_AMOUNT) {
                revert IMilestoneEscrow.AmountOutOfRange(i, amounts[i], MAX_AMOUNT);
            }
        }
    }

    function _isOutOfRange(uint256 period) private pure returns (bool) {
        return period < MIN_PERIOD || period > MAX_PERIOD;
    }
}
