// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MilestoneEscrow} from "../../../contracts/MilestoneEscrow.sol";
import {Consents} from "../../../contracts/libraries/Consents.sol";
import {Packing} from "../../../contracts/libraries/Packing.sol";
import {TermsLib} from "../../../contracts/libraries/TermsLib.sol";
import {Amendment, Approval, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";

/// @title OpenEscrow
/// @notice The escrow, with a door to what it stores: a proof starts from every state that the types allow, whether
/// or not any sequence of calls reaches it.
contract OpenEscrow is MilestoneEscrow {
    using Packing for uint256;

    function put(bytes32 agreement, uint256 statuses) external {
        _progress[agreement].statuses = statuses;
    }

    function putClock(bytes32 agreement, uint256 i, uint256 since, uint256 claimed, uint256 disputed) external {
        uint256[16] storage clocks = _progress[agreement].clocks;
        clocks[i / 4] = clocks[i / 4].withClock(i, since, claimed, disputed);
    }

    function putCredit(address token, address owner, uint256 amount) external {
        _credits[token][owner] = amount;
    }

    // What a signature is over

    function digestOf(Terms calldata terms) external view returns (bytes32) {
        return _hashTypedDataV4(TermsLib.hash(terms, 0));
    }

    function digestOf(Approval calldata approval, bytes32 agreement) external view returns (bytes32) {
        return _hashTypedDataV4(Consents.hash(approval, agreement));
    }

    function digestOf(Division calldata settlement, bytes32 agreement, uint40 expiresAt)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(Consents.hash(settlement, agreement, expiresAt));
    }

    function digestOf(Amendment calldata amendment, bytes32 agreement, Terms calldata replacement)
        external
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(Consents.hash(amendment, agreement, TermsLib.hash(replacement, 2)));
    }
}

/// @title ProofTest
/// @notice What every symbolic proof starts from. A `check_` function holds for all values of its parameters.
/// @dev Halmos fails a proof where an assertion can fail, so properties are asserted; a call that reverts inside
/// `_call` is a path that proves nothing, which is why each proof has a twin in twins.toml that must be refuted.
abstract contract ProofTest {
    address internal constant CLIENT = address(0xC11E47);
    address internal constant FREELANCER = address(0xF4EE);
    address internal constant PAYEE = address(0xBA4EE);
    address internal constant ARBITER = address(0xA4B17E4);

    OpenEscrow internal escrow;

    function setUp() public virtual {
        escrow = new OpenEscrow();
    }

    /// A fixed price of two milestones in the coin.
    function _terms() internal pure returns (Terms memory terms) {
        terms.client = CLIENT;
        terms.freelancer = FREELANCER;
        terms.payee = PAYEE;
        terms.arbiter = ARBITER;
        terms.reviewPeriod = 14 days;
        terms.responsePeriod = 7 days;
        terms.rulingPeriod = 30 days;
        terms.arbiterFeeBps = 500;
        terms.defaultBps = 5000;
        terms.amounts = new uint256[](2);
        terms.amounts[0] = 1_000_003;
        terms.amounts[1] = 77;
    }

    /// Calls the escrow as `caller` at `time`. Returns whether it went through.
    function _call(address caller, uint256 time, bytes memory data) internal returns (bool) {
        return _callWith(0, caller, time, data);
    }

    /// The same with `value` of the coin.
    function _callWith(uint256 value, address caller, uint256 time, bytes memory data) internal returns (bool success) {
        vm.warp(time);
        vm.prank(caller);
        (success,) = address(escrow).call{value: value}(data);
    }

    function _status(uint256 statuses, uint256 i) internal pure returns (uint256) {
        return (statuses >> (4 * i)) & 0xf;
    }

    /// Whether all milestones but `i` stand as they stood.
    function _sameBut(uint256 i, uint256 before, uint256 afterwards) internal pure returns (bool) {
        return (before ^ afterwards) & ~(uint256(0xf) << (4 * i)) == 0;
    }

    /// Whether every status of both milestones is one of the eleven.
    function _areStatuses(uint256 statuses) internal pure returns (bool) {
        return statuses < 0x100 && _status(statuses, 0) <= uint256(Status.Split)
            && _status(statuses, 1) <= uint256(Status.Split);
    }
}
