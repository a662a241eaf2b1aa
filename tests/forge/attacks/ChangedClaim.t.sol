// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Approval, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title ChangedClaim
/// @notice The client looks at one claim and approves it, by a transaction or by a signature, while the freelancer
/// makes it another: by a second submission, after a request for changes, by a dispute, by an approval of more. The
/// freelancer hopes that the client's yes pays what the client has not seen.
///
/// A claim changes only by the client's request for changes, or becomes less by a dispute. An approval that names units
/// pays no claim above them, whenever it arrives; one that names none covers whatever is claimed, and says so.
contract ChangedClaim is ConsentTest {
    Terms private _terms;
    uint256 private _payeeBefore;

    function setUp() public override {
        super.setUp();
        _terms = fixedPrice(AMOUNT);
        fund(_terms, 1);
        _payeeBefore = token.balanceOf(payee);
    }

    /// While the client looks, the freelancer has no act that makes the claim larger or other.
    function test_by_the_freelancer_alone() public {
        submit(_terms, 0, 4000);
        Books memory books = booksOf(_terms);
        bytes memory twice = wrongStatus(idOf(_terms), 0, Status.Submitted);
        uint16[3] memory units = [uint16(3999), 4001, 10_000];
        for (uint256 k = 0; k < 3; ++k) {
            refuses(freelancer, abi.encodeCall(escrow.submit, (_terms, 0, units[k], 0)), twice, "law 6: a second claim");
        }
        refuses(
            freelancer,
            abi.encodeCall(escrow.dispute, (_terms, 0, 4001, 0)),
            abi.encodeWithSelector(
                IMilestoneEscrow.UnitsOutOfRange.selector, idOf(_terms), 0, uint256(4001), uint256(4000)
            ),
            "law 2: a dispute of more than is claimed"
        );
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(escrow.requestChanges, (_terms, 0, 0));
        calls[1] = abi.encodeCall(escrow.submit, (_terms, 0, 10_000, 0));
        refuses(
            freelancer,
            abi.encodeCall(escrow.multicall, (calls)),
            abi.encodeWithSelector(IMilestoneEscrow.NotClient.selector, freelancer, client),
            "law 6: changes that the client did not request"
        );
        sameBooks(booksOf(_terms), books, "law 6: nothing moved");
        _approve(4000);
        _released(400);
    }

    /// The client requests changes and approves the old claim after all: the new one is in its place.
    function test_after_a_request_for_changes() public {
        _resubmitted(4000, 9000);
        refuses(
            client,
            abi.encodeCall(escrow.approve, (_terms, 1, only(4000))),
            belowClaim(_terms, 0, 4000, 9000),
            "law 2: the claim that the client saw"
        );
        same(uint8(statusOf(_terms, 0)), uint8(Status.Submitted), "law 6: not approved");
        _approve(9000);
        _released(900);
    }

    /// Without units the client's yes is to whatever is claimed when it arrives: the manual warns of it.
    function test_an_approval_without_units_covers_what_is_claimed_then() public {
        _resubmitted(4000, 9000);
        vm.prank(client);
        escrow.approve(_terms, 1, new uint16[](0));
        _released(900);
    }

    /// Nor does the old claim come back where the client approves what they have just sent back: it is the whole.
    function test_an_approval_of_what_was_sent_back() public {
        submit(_terms, 0, 4000);
        vm.prank(client);
        escrow.requestChanges(_terms, 0, 0);
        vm.prank(client);
        escrow.approve(_terms, 1, new uint16[](0));
        _released(AMOUNT);
    }

    /// The request for changes is mined, the new claim is not: units cover no whole.
    function test_between_the_claims() public {
        submit(_terms, 0, 4000);
        vm.prank(client);
        escrow.requestChanges(_terms, 0, 0);
        refuses(
            client,
            abi.encodeCall(escrow.approve, (_terms, 1, only(4000))),
            belowClaim(_terms, 0, 4000, 10_000),
            "law 2: nothing is claimed"
        );
        // The cleared claim does not come back with a refund request either.
        vm.prank(client);
        escrow.requestRefund(_terms, 0, 0);
        refuses(
            client,
            abi.encodeCall(escrow.approve, (_terms, 1, only(9999))),
            belowClaim(_terms, 0, 9999, 10_000),
            "law 2: nothing is claimed"
        );
        submit(_terms, 0, 9000);
        refuses(
            client,
            abi.encodeCall(escrow.approve, (_terms, 1, only(4000))),
            belowClaim(_terms, 0, 4000, 9000),
            "law 2: the new claim"
        );
        same(token.balanceOf(payee), _payeeBefore, "law 2: nothing was paid");
    }

    function test_between_the_claims_of_a_week() public {
        Terms memory terms = metered(AMOUNT, 240);
        terms.start -= 7 days;
        fund(terms, 1);
        submit(terms, 0, 96);
        vm.prank(client);
        escrow.requestChanges(terms, 0, 0);
        refuses(
            client,
            abi.encodeCall(escrow.approve, (terms, 1, only(96))),
            wrongStatus(idOf(terms), 0, Status.Active),
            "law 6: nothing is claimed"
        );
        submit(terms, 0, 216);
        refuses(
            client,
            abi.encodeCall(escrow.approve, (terms, 1, only(96))),
            belowClaim(terms, 0, 96, 216),
            "law 2: the new claim"
        );
        Approval[] memory old = only(signApproval(CLIENT_KEY, terms, 1, only(96)));
        refuses(
            freelancer,
            abi.encodeCall(escrow.release, (terms, 1, old)),
            belowClaim(terms, 0, 96, 216),
            "law 2: the new claim"
        );
        same(token.balanceOf(payee), _payeeBefore, "law 2: nothing was paid");
    }

    /// The freelancer disputes while the client approves: the claim is the same or less, and the approval concedes it.
    function test_by_a_dispute() public {
        submit(_terms, 0, 4000);
        uint256 state = vm.snapshotState();
        uint16[3] memory disputed = [uint16(4000), 2000, 1];
        for (uint256 k = 0; k < 3; ++k) {
            dispute(_terms, 0, disputed[k], freelancer);
            _approve(4000);
            // A unit is worth a tenth of a base unit, and the odd one is the client's.
            _released(AMOUNT * disputed[k] / WHOLE);
            vm.revertToState(state);
        }
    }

    /// Sent back, the freelancer disputes the whole instead: an approval of the old claim does not concede that.
    function test_by_a_dispute_after_a_request_for_changes() public {
        submit(_terms, 0, 4000);
        vm.prank(client);
        escrow.requestChanges(_terms, 0, 0);
        dispute(_terms, 0, 10_000, freelancer);
        refuses(
            client,
            abi.encodeCall(escrow.approve, (_terms, 1, only(4000))),
            belowClaim(_terms, 0, 4000, 10_000),
            "law 2: more than the client saw"
        );
        Approval[] memory signed = only(signApproval(CLIENT_KEY, _terms, 1, only(4000)));
        refuses(
            freelancer,
            abi.encodeCall(escrow.release, (_terms, 1, signed)),
            belowClaim(_terms, 0, 4000, 10_000),
            "law 2: more than the client signed"
        );
        same(token.balanceOf(payee), _payeeBefore, "law 2: nothing was paid");
    }

    /// The client's own dispute leaves the claim as it is: an approval after it pays the rest of the same claim.
    function test_by_the_clients_dispute() public {
        submit(_terms, 0, 4000);
        dispute(_terms, 0, 1000, client);
        same(token.balanceOf(payee) - _payeeBefore, 300, "law 2: conceded");
        refuses(
            client,
            abi.encodeCall(escrow.approve, (_terms, 1, only(3999))),
            belowClaim(_terms, 0, 3999, 4000),
            "law 2: less than is claimed"
        );
        _approve(4000);
        _released(400);
    }

    /// A dispute that the client sent for the old claim concedes all of the new one but its units: the manual warns of
    /// it. It is never more than the new claim.
    function test_a_dispute_that_meets_another_claim() public {
        _resubmitted(4000, 9000);
        Books memory books = booksOf(_terms);
        dispute(_terms, 0, 1000, client);
        paid(books, 800, 100, 0);
        sameBooks(booksOf(_terms), books, "law 2: conceded, and not claimed");
        same(books.escrow, 100, "law 1: what is disputed");
        vm.prank(freelancer);
        escrow.refund(_terms, 1);
        paid(books, 0, 100, 0);
        sameBooks(booksOf(_terms), books, "law 3: the rest to the client");
    }

    /// Of more units than the new claim has, it is refused.
    function test_a_dispute_that_meets_a_smaller_claim() public {
        _resubmitted(9000, 4000);
        refuses(
            client,
            abi.encodeCall(escrow.dispute, (_terms, 0, 5000, 0)),
            abi.encodeWithSelector(
                IMilestoneEscrow.UnitsOutOfRange.selector, idOf(_terms), 0, uint256(5000), uint256(4000)
            ),
            "law 2: more than is claimed"
        );
    }

    /// A signed approval of a part, and a claim of more: nobody carries it, until the freelancer comes down to it.
    function test_a_signed_approval_of_less() public {
        Approval[] memory signed = only(signApproval(CLIENT_KEY, _terms, 1, only(4000)));
        submit(_terms, 0, 9000);
        address[4] memory carriers = [freelancer, stranger, payee, arbiter];
        for (uint256 k = 0; k < 4; ++k) {
            refuses(
                carriers[k],
                abi.encodeCall(escrow.release, (_terms, 1, signed)),
                belowClaim(_terms, 0, 4000, 9000),
                "law 2: more than was signed"
            );
        }
        uint256 state = vm.snapshotState();
        // Down by a dispute of what was signed.
        dispute(_terms, 0, 4000, freelancer);
        _carried(stranger, signed, 400);
        vm.revertToState(state);
        // Or by the client's request for changes.
        vm.prank(client);
        escrow.requestChanges(_terms, 0, 0);
        _carried(freelancer, signed, 400);
    }

    /// The client, whose approval of a part is answered by a larger claim, may dispute all of that. The approval does
    /// not concede it; only what both sign, or a ruling, ends it.
    function test_a_signed_approval_of_less_before_a_dispute_of_all() public {
        Approval[] memory signed = only(signApproval(CLIENT_KEY, _terms, 1, only(4000)));
        submit(_terms, 0, 9000);
        bytes memory below = belowClaim(_terms, 0, 4000, 9000);
        refuses(freelancer, abi.encodeCall(escrow.release, (_terms, 1, signed)), below, "law 2: more than was signed");
        Books memory books = booksOf(_terms);
        dispute(_terms, 0, 9000, client);
        paid(books, 0, 100, 0);
        sameBooks(booksOf(_terms), books, "law 2: what nobody claims returns");
        address[4] memory carriers = [freelancer, stranger, payee, arbiter];
        for (uint256 k = 0; k < 4; ++k) {
            bytes memory data = abi.encodeCall(escrow.release, (_terms, 1, signed));
            refuses(carriers[k], data, below, "law 2: more than was signed");
        }
        refuses(client, abi.encodeCall(escrow.approve, (_terms, 1, only(4000))), below, "law 2: more than was signed");
        sameBooks(booksOf(_terms), books, "law 2: nothing moved");
        same(books.escrow, 900, "law 1: what is disputed");

        uint256 state = vm.snapshotState();
        vm.prank(arbiter);
        escrow.rule(_terms, 0, 0, 0);
        paid(books, 0, 855, 45);
        sameBooks(booksOf(_terms), books, "law 2: ruled away");
        refuses(
            freelancer,
            abi.encodeCall(escrow.release, (_terms, 1, signed)),
            wrongStatus(idOf(_terms), 0, Status.Split),
            "law 4: an approval after the ruling"
        );
        vm.revertToState(state);

        books = booksOf(_terms);
        Division memory agreed = Division(0, 400, 500);
        bytes memory offer = signSettlement(CLIENT_KEY, _terms, agreed, EXPIRES);
        vm.prank(freelancer);
        escrow.settle(_terms, agreed, EXPIRES, offer);
        paid(books, 400, 500, 0);
        sameBooks(booksOf(_terms), books, "law 11: what both sign");
    }

    /// A signed approval of more pays the claim and no more, in whatever hands.
    function test_a_signed_approval_of_more() public {
        Approval[] memory part = only(signApproval(CLIENT_KEY, _terms, 1, only(6000)));
        Approval[] memory whole = only(signApproval(CLIENT_KEY, _terms, 1, new uint16[](0)));
        submit(_terms, 0, 4000);
        uint256 state = vm.snapshotState();
        _carried(freelancer, part, 400);
        vm.revertToState(state);
        _carried(freelancer, whole, 400);
        vm.revertToState(state);
        _carried(stranger, part, 400);
        vm.revertToState(state);

        // A claim once approved does not grow by it either.
        _approve(4000);
        _carried(freelancer, whole, 400);
    }

    /// The freelancer gives the milestone back while the client approves it: given is given.
    function test_by_a_refund() public {
        submit(_terms, 0, 4000);
        Approval[] memory signed = only(signApproval(CLIENT_KEY, _terms, 1, only(4000)));
        vm.prank(freelancer);
        escrow.refund(_terms, 1);
        bytes memory over = wrongStatus(idOf(_terms), 0, Status.Refunded);
        refuses(client, abi.encodeCall(escrow.approve, (_terms, 1, only(4000))), over, "law 4: by a call");
        refuses(freelancer, abi.encodeCall(escrow.release, (_terms, 1, signed)), over, "law 4: by a signature");
        same(token.balanceOf(payee), _payeeBefore, "law 4: nothing was paid");
    }

    /// The client approves two claims in one call, of which one has changed: all or nothing.
    function test_one_of_two_has_changed() public {
        Terms memory terms = fixedPrice(oneByOne(2, AMOUNT));
        fund(terms, 3);
        submit(terms, 0, 4000);
        submit(terms, 1, 4000);
        vm.prank(client);
        escrow.requestChanges(terms, 1, 0);
        submit(terms, 1, 4001);
        uint16[] memory units = new uint16[](2);
        (units[0], units[1]) = (4000, 4000);
        bytes memory error = belowClaim(terms, 1, 4000, 4001);
        refuses(client, abi.encodeCall(escrow.approve, (terms, 3, units)), error, "law 2: by a call");
        Approval[] memory both = only(signApproval(CLIENT_KEY, terms, 3, units));
        refuses(freelancer, abi.encodeCall(escrow.release, (terms, 3, both)), error, "law 2: by a signature");
        same(escrow.statusesOf(idOf(terms)), 0x44, "law 9: neither");
        _send(freelancer, abi.encodeCall(escrow.release, (terms, 1, both)));
        same(token.balanceOf(payee) - _payeeBefore, 400, "law 12: the one that has not changed");
    }

    /// Any first claim, any second, any approval: it pays the second where it covers it, and nothing otherwise.
    function testFuzz_any_claims_and_any_approval(uint16 first, uint16 second, uint16 approved, bool isSigned) public {
        first = uint16(first % WHOLE) + 1;
        second = uint16(second % WHOLE) + 1;
        approved = uint16(approved % WHOLE) + 1;
        Approval[] memory signed = only(signApproval(CLIENT_KEY, _terms, 1, only(approved)));
        _resubmitted(first, second);
        bytes memory data = isSigned
            ? abi.encodeCall(escrow.release, (_terms, 1, signed))
            : abi.encodeCall(escrow.approve, (_terms, 1, only(approved)));
        address by = isSigned ? stranger : client;
        if (approved < second) {
            Books memory books = booksOf(_terms);
            refuses(by, data, belowClaim(_terms, 0, approved, second), "law 2: below the claim");
            sameBooks(booksOf(_terms), books, "law 2: nothing moved");
        } else if (isSigned) {
            _carried(by, signed, AMOUNT * second / WHOLE);
        } else {
            _send(by, data);
            _released(AMOUNT * second / WHOLE);
        }
    }

    function _resubmitted(uint16 first, uint16 second) private {
        submit(_terms, 0, first);
        vm.prank(client);
        escrow.requestChanges(_terms, 0, 0);
        submit(_terms, 0, second);
    }

    function _approve(uint16 units) private {
        vm.prank(client);
        escrow.approve(_terms, 1, only(units));
    }

    function _released(uint256 received) private {
        _carried(stranger, noApprovals(), received);
    }

    /// `by` releases, and the payee has `received` of it all in all, the client the rest.
    function _carried(address by, Approval[] memory approvals, uint256 received) private {
        uint256 toPayee = received - (token.balanceOf(payee) - _payeeBefore);
        Books memory books = booksOf(_terms);
        paid(books, toPayee, books.escrow - toPayee, 0);
        vm.prank(by);
        escrow.release(_terms, 1, approvals);
        sameBooks(booksOf(_terms), books, "law 2: the claim, and the rest to the client");
        same(uint8(statusOf(_terms, 0)), uint8(_endOf(received)), "law 5");
    }

    function _endOf(uint256 received) private pure returns (Status) {
        if (received == AMOUNT) return Status.Paid;
        return received == 0 ? Status.Refunded : Status.Split;
    }

    function _send(address by, bytes memory data) private {
        vm.prank(by);
        (bool success, bytes memory answer) = address(escrow).call(data);
        holds(success, string.concat("law 12: refused with ", vm.toString(answer)));
    }
}
