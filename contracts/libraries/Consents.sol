// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Amendment, Approval, Division} from "../types/EscrowTypes.sol";

/// @title Consents
/// @notice EIP-712 struct hashes of what the parties sign besides the terms themselves.
/// @dev Sets of milestones are signed as lists of indexes, so that a wallet shows them as a person reads them.
library Consents {
    bytes32 private constant APPROVAL_TYPEHASH =
        keccak256("Approval(bytes32 agreement,uint8[] milestones,uint16[] units)");
    bytes32 private constant SETTLEMENT_TYPEHASH = keccak256(
        "Settlement(bytes32 agreement,uint8 milestone,uint256 toFreelancer,uint256 toClient,uint40 expiresAt)"
    );
    bytes32 private constant AMENDMENT_TYPEHASH = keccak256(
        "Amendment(bytes32 agreement,Terms replacement,Division[] divisions,uint8[] funded,uint40 expiresAt)Division(uint8 milestone,uint256 toFreelancer,uint256 toClient)Terms(address client,address freelancer,address payee,address arbiter,address token,uint32 reviewPeriod,uint32 responsePeriod,uint32 rulingPeriod,uint16 arbiterFeeBps,uint16 defaultBps,uint40 start,uint32 period,uint16 units,bytes32 scope,bytes32 salt,uint256[] amounts)"
    );
    bytes32 private constant DIVISION_TYPEHASH =
        keccak256("Division(uint8 milestone,uint256 toFreelancer,uint256 toClient)");

    function hash(Approval calldata approval, bytes32 agreement) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                APPROVAL_TYPEHASH,
                agreement,
                _hashIndexes(approval.milestones),
                keccak256(abi.encodePacked(approval.units))
            )
        );
    }

    function hash(Division calldata settlement, bytes32 agreement, uint40 expiresAt) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                SETTLEMENT_TYPEHASH,
                agreement,
                settlement.milestone,
                settlement.toFreelancer,
                settlement.toClient,
                expiresAt
            )
        );
    }

    /// @param replacement The struct hash of the new terms, which are signed in full.
    function hash(Amendment calldata amendment, bytes32 agreement, bytes32 replacement)
        internal
        pure
        returns (bytes32)
    {
        bytes32[] memory divisions = new bytes32[](amendment.divisions.length);
        for (uint256 k = 0; k < divisions.length; ++k) {
            divisions[k] = keccak256(abi.encode(DIVISION_TYPEHASH, amendment.divisions[k]));
        }
        return keccak256(
            abi.encode(
                AMENDMENT_TYPEHASH,
                agreement,
                replacement,
                keccak256(abi.encodePacked(divisions)),
                _hashIndexes(amendment.funded),
                amendment.expiresAt
            )
        );
    }

    /// @return n How many milestones `set` holds.
    function size(uint64 set) internal pure returns (uint256 n) {
        for (uint256 rest = set; rest != 0; rest &= rest - 1) {
            ++n;
        }
    }

    function _hashIndexes(uint64 set) private pure returns (bytes32) {
        uint256[] memory indexes = new uint256[](size(set));
        uint256 k = 0;
        uint256 i = 0;
        for (uint256 rest = set; rest != 0; rest >>= 1) {
            if (rest & 1 == 1) indexes[k++] = i;
            ++i;
        }
        return keccak256(abi.encodePacked(indexes));
    }
}
