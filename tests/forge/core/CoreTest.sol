// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Approval, Authorization, Clock, MilestoneView, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";
import {Vm, vm} from "../utils/Vm.sol";

/// @title CoreTest
/// @notice What the tests of single acts share: exact refusals, exact events, exact balances, and one milestone in
/// every status.
/// @dev A test of an act that succeeds reads: `begin`, the act, the events that are expected (emitted by the test
/// itself), `eventsAre`, `paid` or `paidIn`, then the statuses.
abstract contract CoreTest is EscrowTest {
    /// Callers below and above every role's address, for comparisons that should be equalities.
    address internal constant LOWEST = address(1);
    address internal constant HIGHEST = address(type(uint160).max);
    uint256 internal constant STATUSES = 11;
    bytes internal constant NONE = "";

    bytes32 private constant RECEIVE_TYPE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    struct Money {
        uint256 client;
        uint256 freelancer;
        uint256 payee;
        uint256 arbiter;
        uint256 stranger;
        uint256 escrow;
        uint256 credits;
    }

    Money private _before;

    // Deals

    /// Twelve odd amounts, all different.
    function manyAmounts() internal pure returns (uint256[] memory amounts) {
        return oddAmounts(12);
    }

    function oddAmounts(uint256 count) internal pure returns (uint256[] memory amounts) {
        amounts = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            amounts[i] = 1_000_003 + 2 * i * i * i;
        }
    }

    /// Every status has the milestone of its own number; the clocks of Submitted, RefundRequested and Disputed run
    /// from now. What is PartlyApproved is half of the milestone, claimed now. Milestone 11 is Active.
    function everyStatus(Terms memory terms) internal {
        uint256 value = terms.token == address(0) ? sumOf(terms, 1 << 1) : 0;
        vm.prank(client);
        escrow.fund{value: value}(terms, 1 << 1, NONE);
        fund(terms, 0xffc);
        if (terms.period != 0) vm.warp(terms.start + 12 * uint256(terms.period));
        uint16 whole = wholeOf(terms);
        submit(terms, 3, whole);
        approve(terms, 1 << 3, units(whole));
        submit(terms, 4, whole);
        submit(terms, 5, whole / 2);
        approve(terms, 1 << 5, units(whole));
        vm.prank(client);
        escrow.requestRefund(terms, 6, 0);
        dispute(terms, 7, whole, freelancer);
        submit(terms, 8, whole);
        approve(terms, 1 << 8, units(whole));
        vm.prank(freelancer);
        escrow.refund(terms, 1 << 9);
        submit(terms, 10, whole / 2);
        approve(terms, 1 << 10, units(whole));
        release(terms, 1 << 8 | 1 << 10);
        same(escrow.statusesOf(idOf(terms)), word(0xa9876543210, 11, Status.Active), "every status is reached");
    }

    function wholeOf(Terms memory terms) internal pure returns (uint16) {
        return terms.period == 0 ? uint16(WHOLE) : terms.units;
    }

    function units(uint16 one) internal pure returns (uint16[] memory list) {
        list = new uint16[](1);
        list[0] = one;
    }

    function units(uint16 one, uint16 two) internal pure returns (uint16[] memory list) {
        list = new uint16[](2);
        (list[0], list[1]) = (one, two);
    }

    function units(uint16 one, uint16 two, uint16 three) internal pure returns (uint16[] memory list) {
        list = new uint16[](3);
        (list[0], list[1], list[2]) = (one, two, three);
    }

    function units(uint16 one, uint16 two, uint16 three, uint16 four) internal pure returns (uint16[] memory list) {
        list = new uint16[](4);
        (list[0], list[1], list[2], list[3]) = (one, two, three, four);
    }

    function approvals() internal pure returns (Approval[] memory) {
        return new Approval[](0);
    }

    function approvals(Approval memory one) internal pure returns (Approval[] memory list) {
        list = new Approval[](1);
        list[0] = one;
    }

    function approvals(Approval memory one, Approval memory two) internal pure returns (Approval[] memory list) {
        list = new Approval[](2);
        (list[0], list[1]) = (one, two);
    }

    /// The client's authorisation of `value` for `set`, valid for this second only.
    function authorize(Terms memory terms, uint64 set, uint256 value) internal view returns (Authorization memory) {
        bytes32 message = keccak256(
            abi.encode(
                RECEIVE_TYPE,
                client,
                address(escrow),
                value,
                block.timestamp - 1,
                block.timestamp + 1,
                nonceOf(terms, set)
            )
        );
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), message));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(CLIENT_KEY, digest);
        return Authorization(block.timestamp - 1, block.timestamp + 1, v, r, s);
    }

    function nonceOf(Terms memory terms, uint64 set) internal view returns (bytes32) {
        return keccak256(abi.encode(idOf(terms), set));
    }

    // Acts on the way to a situation

    function approve(Terms memory terms, uint64 milestones, uint16[] memory list) internal {
        vm.prank(terms.client);
        escrow.approve(terms, milestones, list);
    }

    function release(Terms memory terms, uint64 milestones) internal {
        escrow.release(terms, milestones, approvals());
    }

    function requestRefund(Terms memory terms, uint8 milestone) internal {
        vm.prank(terms.client);
        escrow.requestRefund(terms, milestone, 0);
    }

    // Refusals

    /// `caller` makes the call and is refused with exactly `error`.
    function refused(address caller, bytes memory call, bytes memory error) internal {
        refused(caller, 0, call, error);
    }

    function refused(address caller, uint256 value, bytes memory call, bytes memory error) internal {
        vm.prank(caller);
        (bool success, bytes memory answer) = address(escrow).call{value: value}(call);
        require(!success, "an act goes through that must be refused");
        require(
            keccak256(answer) == keccak256(error),
            string.concat("refused with ", vm.toString(answer), ", expected ", vm.toString(error))
        );
    }

    /// Everybody but the client is refused as no client.
    function onlyClient(Terms memory terms, bytes memory call) internal {
        address[6] memory others = [terms.freelancer, terms.payee, terms.arbiter, stranger, LOWEST, HIGHEST];
        for (uint256 k = 0; k < others.length; ++k) {
            refused(others[k], call, notClient(others[k]));
        }
    }

    function onlyFreelancer(Terms memory terms, bytes memory call) internal {
        address[6] memory others = [terms.client, terms.payee, terms.arbiter, stranger, LOWEST, HIGHEST];
        for (uint256 k = 0; k < others.length; ++k) {
            refused(others[k], call, notFreelancer(others[k]));
        }
    }

    function onlyParties(Terms memory terms, bytes memory call) internal {
        address[5] memory others = [terms.payee, terms.arbiter, stranger, LOWEST, HIGHEST];
        for (uint256 k = 0; k < others.length; ++k) {
            refused(
                others[k],
                call,
                abi.encodeWithSelector(IMilestoneEscrow.NotParty.selector, others[k], client, freelancer)
            );
        }
    }

    /// The call that `make` gives for a milestone is refused to `caller` in every status outside of `allowed`, a list
    /// with one hexadecimal digit for each status. `terms` are those of {everyStatus}.
    function refusedUnless(
        uint256 allowed,
        Terms memory terms,
        address caller,
        function(Terms memory, uint8) view returns (bytes memory) make
    ) internal {
        bool[STATUSES] memory isAllowed;
        do {
            isAllowed[allowed & 0xf] = true;
            allowed >>= 4;
        } while (allowed != 0);
        for (uint8 i = 0; i < STATUSES; ++i) {
            if (!isAllowed[i]) refused(caller, make(terms, i), wrongStatus(terms, i, Status(i)));
        }
    }

    /// Nothing was ever funded under `terms`.
    function refusedUnfunded(Terms memory terms, address caller, bytes memory call) internal {
        refused(caller, call, abi.encodeWithSelector(IMilestoneEscrow.AgreementNotFunded.selector, idOf(terms)));
    }

    function noMilestones() internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.NoMilestones.selector);
    }

    function notClient(address caller) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.NotClient.selector, caller, client);
    }

    function notFreelancer(address caller) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.NotFreelancer.selector, caller, freelancer);
    }

    function wrongStatus(Terms memory terms, uint256 i, Status status) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.WrongStatus.selector, idOf(terms), i, status);
    }

    function outOfRange(Terms memory terms, uint256 i, uint256 count) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.MilestoneOutOfRange.selector, idOf(terms), i, count);
    }

    function unitsOutOfRange(Terms memory terms, uint256 i, uint256 given, uint256 max)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeWithSelector(IMilestoneEscrow.UnitsOutOfRange.selector, idOf(terms), i, given, max);
    }

    function unitsCountMismatch(Terms memory terms, uint256 given, uint256 expected)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeWithSelector(IMilestoneEscrow.UnitsCountMismatch.selector, idOf(terms), given, expected);
    }

    function belowClaim(Terms memory terms, uint256 i, uint256 approved, uint256 claimed)
        internal
        view
        returns (bytes memory)
    {
        return abi.encodeWithSelector(IMilestoneEscrow.ApprovalBelowClaim.selector, idOf(terms), i, approved, claimed);
    }

    function passed(Terms memory terms, uint256 i, uint256 deadline) internal view returns (bytes memory) {
        return
            abi.encodeWithSelector(IMilestoneEscrow.DeadlinePassed.selector, idOf(terms), i, deadline, block.timestamp);
    }

    function notReached(Terms memory terms, uint256 i, uint256 deadline) internal view returns (bytes memory) {
        return
            abi.encodeWithSelector(
                IMilestoneEscrow.DeadlineNotReached.selector, idOf(terms), i, deadline, block.timestamp
            );
    }

    function periodNotOver(Terms memory terms, uint256 i, uint256 end) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.PeriodNotOver.selector, idOf(terms), i, end, block.timestamp);
    }

    function signatureInvalid(address signer, bytes32 digest) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.SignatureInvalid.selector, signer, digest);
    }

    /// Signatures by keys whose addresses lie below and above that of `signer`, and such as are none.
    function falseSignatures(address signer, bytes32 digest) internal pure returns (bytes[] memory list) {
        list = new bytes[](6);
        uint256 found = 0;
        bool hasLower = false;
        for (uint256 key = 1; found < 2; ++key) {
            bool isLower = vm.addr(key) < signer;
            if (found == 1 && isLower == hasLower) continue;
            hasLower = isLower;
            list[found++] = sign(key, digest);
        }
        list[2] = hex"00";
        list[3] = new bytes(65);
        list[4] = sign(STRANGER_KEY, digest);
        list[5] = sign(CLIENT_KEY, bytes32(uint256(digest) ^ 1));
    }

    // Events and money

    /// Remembers everybody's balance and listens for events.
    function begin(Terms memory terms) internal {
        _before = moneyOf(terms.token);
        vm.recordLogs();
    }

    /// The escrow emitted what this test has emitted since `begin`, in the same order, and nothing else.
    function eventsAre() internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 own = 0;
        uint256 seen = 0;
        for (uint256 k = 0; k < logs.length; ++k) {
            if (logs[k].emitter != address(escrow)) continue;
            ++seen;
            while (own < logs.length && logs[own].emitter != address(this)) {
                ++own;
            }
            require(own < logs.length, "an event that is not expected");
            require(_hash(logs[k]) == _hash(logs[own]), string.concat("event differs: ", vm.toString(seen)));
            ++own;
        }
        for (; own < logs.length; ++own) {
            require(logs[own].emitter != address(this), "an expected event is missing");
        }
        require(seen != 0, "no event at all");
    }

    /// Exactly this left the escrow since `begin`, and reached these.
    function paid(Terms memory terms, uint256 toClient, uint256 toPayee, uint256 toArbiter) internal view {
        Money memory expected = _before;
        expected.client += toClient;
        expected.payee += toPayee;
        expected.arbiter += toArbiter;
        expected.escrow -= toClient + toPayee + toArbiter;
        _moneyIs(terms.token, expected);
    }

    /// Exactly this came in from the client since `begin`.
    function paidIn(Terms memory terms, uint256 amount) internal view {
        Money memory expected = _before;
        expected.client -= amount;
        expected.escrow += amount;
        _moneyIs(terms.token, expected);
    }

    /// The client paid in or was paid, and the payee was paid besides.
    function moved(Terms memory terms, uint256 fromClient, uint256 toClient, uint256 toPayee) internal view {
        Money memory expected = _before;
        expected.client = expected.client + toClient - fromClient;
        expected.payee += toPayee;
        expected.escrow = expected.escrow + fromClient - toClient - toPayee;
        _moneyIs(terms.token, expected);
    }

    function moneyOf(address asset) internal view returns (Money memory money) {
        money.client = balanceOf(asset, client);
        money.freelancer = balanceOf(asset, freelancer);
        money.payee = balanceOf(asset, payee);
        money.arbiter = balanceOf(asset, arbiter);
        money.stranger = balanceOf(asset, stranger);
        money.escrow = balanceOf(asset, address(escrow));
        money.credits = escrow.credits(asset, client) + escrow.credits(asset, freelancer) + escrow.credits(asset, payee)
            + escrow.credits(asset, arbiter) + escrow.credits(asset, stranger);
    }

    function balanceOf(address asset, address owner) internal view returns (uint256) {
        return asset == address(0) ? owner.balance : token.balanceOf(owner);
    }

    function _moneyIs(address asset, Money memory expected) private view {
        Money memory actual = moneyOf(asset);
        same(actual.client, expected.client, "law 3: what the client has");
        same(actual.freelancer, expected.freelancer, "law 3: what the freelancer has");
        same(actual.payee, expected.payee, "law 3: what the payee has");
        same(actual.arbiter, expected.arbiter, "law 2: what the arbiter has");
        same(actual.stranger, expected.stranger, "law 7: what a stranger has");
        same(actual.escrow, expected.escrow, "law 1: what the escrow holds");
        same(actual.credits, expected.credits, "law 13: what is credited");
    }

    function _hash(Vm.Log memory log) private pure returns (bytes32) {
        return keccak256(abi.encode(log.topics, log.data));
    }

    // Statuses and clocks

    /// `statuses` with `milestone` set to `status`.
    function word(uint256 statuses, uint256 milestone, Status status) internal pure returns (uint256) {
        uint256 bit = 16 ** milestone;
        return statuses - (statuses / bit % 16) * bit + uint256(status) * bit;
    }

    /// `statuses` with every milestone of `set` set to `status`.
    function words(uint256 statuses, uint64 set, Status status) internal pure returns (uint256) {
        for (uint256 i = 0; i < 64; ++i) {
            if ((set >> i) & 1 == 1) statuses = word(statuses, i, status);
        }
        return statuses;
    }

    /// Of the whole agreement, exactly these statuses stand.
    function statusesAre(Terms memory terms, uint256 expected) internal view {
        same(escrow.statusesOf(idOf(terms)), expected, "law 6: the statuses");
    }

    /// The clock of a milestone that has not ended.
    function clockIs(Terms memory terms, uint8 milestone, uint256 since, uint256 claimed, uint256 disputed)
        internal
        view
    {
        Clock memory clock = escrow.milestoneAt(terms, milestone, uint40(block.timestamp)).clock;
        same(clock.since, since, "law 17: since when a clock runs");
        same(clock.claimed, claimed, "law 6: units claimed");
        same(clock.disputed, disputed, "law 6: units disputed");
    }

    function viewIs(MilestoneView memory actual, MilestoneView memory expected) internal pure {
        same(uint256(actual.status), uint256(expected.status), "law 15: status");
        same(actual.clock.since, expected.clock.since, "law 15: since");
        same(actual.clock.claimed, expected.clock.claimed, "law 15: claimed");
        same(actual.clock.disputed, expected.clock.disputed, "law 15: disputed");
        same(actual.deadline, expected.deadline, "law 15: deadline");
        holds(actual.isLate == expected.isLate, "law 15: late or not");
        same(actual.open, expected.open, "law 15: open");
        same(actual.toFreelancer, expected.toFreelancer, "law 15: to the freelancer");
        same(actual.toClient, expected.toClient, "law 15: to the client");
    }
}
