// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Amendment, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title OldOffer
/// @notice A party keeps an offer that the other has signed, a settlement or an amendment, until it has become a
/// bargain: the work was delivered since and its claim is due, or a refund is. They carry it in the last moment before
/// the claim or the refund is carried out.
///
/// An offer is worth what was signed until the second at which it expires, whatever came in between; neither signing
/// another nor a clock takes it back. What takes it away is an end, or an approval, or a concession that leaves less
/// open. So an offer is signed for a short time; after it, what is due is due.
contract OldOffer is ConsentTest {
    uint40 private constant SHORT = uint40(BEGIN + 30 days);

    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _terms = fixedPrice(AMOUNT);
        fund(_terms, 1);
    }

    /// The freelancer offered 600 for what was begun, then delivered: 1000 are due, and the client pays 600.
    function test_a_settlement_after_the_work_was_delivered() public {
        bytes memory data = _settlement();
        bytes memory due = _delivered();
        uint256 state = vm.snapshotState();
        vm.warp(SHORT - 1);
        _goes(client, data, 600, 400, Status.Split);
        refuses(stranger, due, wrongStatus(idOf(_terms), 0, Status.Split), "law 4: what was due");
        vm.revertToState(state);

        _expires(data, due);
    }

    /// An amendment likewise: 600 for the freelancer, the rest into the new terms.
    function test_an_amendment_after_the_work_was_delivered() public {
        bytes memory data = _amendment();
        bytes memory due = _delivered();
        uint256 state = vm.snapshotState();
        vm.warp(SHORT - 1);
        _goes(client, data, 600, 0, Status.Split);
        same(uint8(statusOf(replacementOf(_terms), 0)), uint8(Status.Active), "law 11: the new terms are funded");
        same(token.balanceOf(address(escrow)), 400, "law 1: by what was freed");
        refuses(stranger, due, wrongStatus(idOf(_terms), 0, Status.Split), "law 4: what was due");
        vm.revertToState(state);

        _expires(data, due);
        same(escrow.statusesOf(idOf(replacementOf(_terms))), 0, "law 11: the new terms are not funded");
    }

    /// Whoever is faster: a claim that was carried out, or approved, leaves nothing to settle.
    function test_after_the_claim_is_carried_out() public {
        bytes memory settlement = _settlement();
        bytes memory amendment = _amendment();
        bytes memory due = _delivered();
        uint256 state = vm.snapshotState();
        _goes(stranger, due, AMOUNT, 0, Status.Paid);
        bytes memory error = wrongStatus(idOf(_terms), 0, Status.Paid);
        refuses(client, settlement, error, "law 4: a settlement of what was paid");
        refuses(client, amendment, error, "law 4: an amendment of what was paid");
        vm.revertToState(state);

        vm.prank(client);
        escrow.approve(_terms, 1, new uint16[](0));
        error = wrongStatus(idOf(_terms), 0, Status.Approved);
        refuses(client, settlement, error, "law 12: a settlement of what was approved");
        refuses(client, amendment, error, "law 12: an amendment of what was approved");
        _goes(stranger, due, AMOUNT, 0, Status.Paid);
    }

    /// The freelancer takes the offer away by giving up a little of the claim: what is open is not what was signed.
    function test_after_a_concession() public {
        bytes memory settlement = _settlement();
        bytes memory amendment = _amendment();
        submit(_terms, 0, 10_000);
        Books memory books = booksOf(_terms);
        dispute(_terms, 0, 9990, freelancer);
        paid(books, 0, 1, 0);
        sameBooks(booksOf(_terms), books, "law 10: one given up");
        bytes memory error = abi.encodeWithSelector(
            IMilestoneEscrow.DivisionMismatch.selector, idOf(_terms), 0, uint256(600), uint256(400), uint256(999)
        );
        refuses(client, settlement, error, "law 11: of another sum");
        refuses(client, amendment, error, "law 11: of another sum");
        sameBooks(booksOf(_terms), books, "law 11: nothing moved");
    }

    /// The other way round: the client offered 600, asked for the money back since, and all of it is due to them.
    function test_a_settlement_after_a_refund_was_due() public {
        bytes memory data = abi.encodeCall(
            escrow.settle, (_terms, division(), SHORT, signSettlement(CLIENT_KEY, _terms, division(), SHORT))
        );
        vm.prank(client);
        escrow.requestRefund(_terms, 0, 0);
        vm.warp(BEGIN + _terms.responsePeriod);
        bytes memory due = abi.encodeCall(escrow.refund, (_terms, 1));
        uint256 state = vm.snapshotState();
        vm.warp(SHORT - 1);
        _goes(freelancer, data, 600, 400, Status.Split);
        refuses(stranger, due, notOpen(Status.Split), "law 4: what was due");
        vm.revertToState(state);

        vm.warp(SHORT);
        refuses(freelancer, data, _expired(), "law 17: from the second on");
        _goes(stranger, due, 0, AMOUNT, Status.Refunded);
    }

    /// Signing a later, better offer takes nothing back: the carrier chooses.
    function test_a_later_offer_beside_it() public {
        bytes memory first = _settlement();
        Division memory better = Division(0, 900, 100);
        bytes memory second = abi.encodeCall(
            escrow.settle, (_terms, better, SHORT, signSettlement(FREELANCER_KEY, _terms, better, SHORT))
        );
        uint256 state = vm.snapshotState();
        _goes(client, second, 900, 100, Status.Split);
        refuses(client, first, wrongStatus(idOf(_terms), 0, Status.Split), "law 4: one of them");
        vm.revertToState(state);
        _goes(client, first, 600, 400, Status.Split);
        refuses(client, second, wrongStatus(idOf(_terms), 0, Status.Split), "law 4: one of them");
    }

    function notOpen(Status status) private view returns (bytes memory) {
        return wrongStatus(idOf(_terms), 0, status);
    }

    /// Refused at the second of its end and after, while the claim is paid in full.
    function _expires(bytes memory data, bytes memory due) private {
        Books memory books = booksOf(_terms);
        for (uint256 second = 0; second < 2; ++second) {
            vm.warp(SHORT + second);
            refuses(client, data, _expired(), "law 17: from the second on");
        }
        sameBooks(booksOf(_terms), books, "law 17: nothing moved");
        _goes(stranger, due, AMOUNT, 0, Status.Paid);
    }

    /// The whole is submitted and the client late. Returns what anybody may send.
    function _delivered() private returns (bytes memory) {
        submit(_terms, 0, 10_000);
        vm.warp(BEGIN + _terms.reviewPeriod);
        return abi.encodeCall(escrow.release, (_terms, 1, noApprovals()));
    }

    function _settlement() private view returns (bytes memory) {
        bytes memory offer = signSettlement(FREELANCER_KEY, _terms, division(), SHORT);
        return abi.encodeCall(escrow.settle, (_terms, division(), SHORT, offer));
    }

    function _amendment() private view returns (bytes memory) {
        Terms memory replacement = replacementOf(_terms);
        Amendment memory amendment = amendmentWith("");
        amendment.expiresAt = SHORT;
        amendment.signature = signAmendment(FREELANCER_KEY, _terms, replacement, amendment);
        return abi.encodeCall(escrow.amend, (_terms, replacement, amendment));
    }

    function _expired() private view returns (bytes memory) {
        return
            abi.encodeWithSelector(
                IMilestoneEscrow.OfferExpired.selector, idOf(_terms), uint256(SHORT), block.timestamp
            );
    }

    function _goes(address by, bytes memory data, uint256 toPayee, uint256 toClient, Status end) private {
        Books memory books = booksOf(_terms);
        vm.prank(by);
        (bool success, bytes memory answer) = address(escrow).call(data);
        holds(success, string.concat("law 11: refused with ", vm.toString(answer)));
        paid(books, toPayee, toClient, 0);
        sameBooks(booksOf(_terms), books, "law 2: what was signed, or what is due");
        same(uint8(statusOf(_terms, 0)), uint8(end), "law 5");
    }
}
