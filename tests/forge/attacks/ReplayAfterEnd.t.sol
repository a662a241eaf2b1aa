// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Amendment, Approval, Authorization, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {ConsentTest} from "./ConsentTest.sol";

/// @title ReplayAfterEnd
/// @notice Somebody carries a signature a second time, or for the first time after the milestone has ended in another
/// way. The attacker hopes to be paid for the same work twice, or to fund again what was taken back.
///
/// No signature is marked as used. What makes it count once is the status: a milestone is funded once, accepted once and
/// ended once, and its end never changes. A signature that names only milestones which have ended does nothing any more.
contract ReplayAfterEnd is ConsentTest {
    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _terms = fixedPrice(oneByOne(2, AMOUNT));
    }

    function test_twice() public {
        Terms memory terms = _terms;
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            bytes memory signature = signatureOf(kind, terms);
            succeeds(kind, terms, signature, "law 11");
            bytes memory error = wrongStatus(idOf(terms), 0, endOf(kind));
            fails(kind, terms, signature, error, "law 4: at once again");
            vm.warp(EXPIRES - 1);
            fails(kind, terms, signature, error, "law 4: much later");
            vm.warp(BEGIN);
            vm.revertToState(state);
        }
    }

    /// Both calls in one batch, by the only carriers that have both.
    function test_twice_in_one_batch() public {
        Terms memory terms = _terms;
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < KINDS; ++k) {
            Kind kind = Kind(k);
            stage(kind, terms);
            bytes[] memory calls = new bytes[](2);
            calls[0] = callOf(kind, terms, signatureOf(kind, terms));
            calls[1] = calls[0];
            Books memory books = booksOf(terms);
            refuses(
                carrierOf(kind, terms),
                abi.encodeCall(escrow.multicall, (calls)),
                wrongStatus(idOf(terms), 0, endOf(kind)),
                "law 4: the second"
            );
            sameBooks(booksOf(terms), books, "law 4: nor the first");
            vm.revertToState(state);
        }
    }

    /// For the first time, after the milestone has ended in each way; the other milestone is still open.
    function test_first_carried_after_the_milestone_has_ended() public {
        _afterEveryEnd(3);
    }

    /// The same where nothing of the agreement is left.
    function test_first_carried_after_the_agreement_has_ended() public {
        _afterEveryEnd(1);
    }

    /// An offer that was taken back cannot be funded again with the acceptance that came too late.
    function test_an_acceptance_after_the_offer_was_taken_back() public {
        Terms memory terms = _terms;
        stage(Kind.AcceptByStranger, terms);
        bytes memory acceptance = signTerms(FREELANCER_KEY, terms);
        vm.prank(client);
        escrow.refund(terms, 1);
        bytes memory error = wrongStatus(idOf(terms), 0, Status.Refunded);
        fails(Kind.AcceptByStranger, terms, acceptance, error, "law 4: accepted");
        fails(Kind.FundByClient, terms, acceptance, error, "law 4: funded again");
        refuses(freelancer, abi.encodeCall(escrow.submit, (terms, 0, 10_000, 0)), error, "law 4: worked on");
        same(token.balanceOf(address(escrow)), 0, "law 1: nothing is left");
    }

    /// One approval of two milestones pays the one that is open and nothing for the one that has ended.
    function test_an_approval_of_two_of_which_one_has_ended() public {
        Terms memory terms = _terms;
        fund(terms, 3);
        Approval memory both = signApproval(CLIENT_KEY, terms, 3, new uint16[](0));
        vm.prank(freelancer);
        escrow.refund(terms, 1);
        Books memory books = booksOf(terms);
        refuses(
            freelancer,
            abi.encodeCall(escrow.release, (terms, 3, only(both))),
            wrongStatus(idOf(terms), 0, Status.Refunded),
            "law 4: the one that has ended"
        );
        vm.prank(freelancer);
        escrow.release(terms, 2, only(both));
        paid(books, AMOUNT, 0, 0);
        sameBooks(booksOf(terms), books, "law 12: the one that is open");
        same(escrow.statusesOf(idOf(terms)), 0x89, "law 5");
    }

    /// Two approvals of the same milestone, of different parts: the first in the list counts, and the other never again.
    function test_two_approvals_of_one_milestone() public {
        Terms memory terms = _terms;
        fund(terms, 1);
        Approval[] memory approvals = new Approval[](2);
        approvals[0] = signApproval(CLIENT_KEY, terms, 1, only(3000));
        approvals[1] = signApproval(CLIENT_KEY, terms, 1, only(4000));
        Books memory books = booksOf(terms);
        vm.prank(freelancer);
        escrow.release(terms, 1, approvals);
        paid(books, 300, 700, 0);
        sameBooks(booksOf(terms), books, "law 2: not the sum of both");
        for (uint256 k = 0; k < 2; ++k) {
            refuses(
                freelancer,
                abi.encodeCall(escrow.release, (terms, 1, only(approvals[k]))),
                wrongStatus(idOf(terms), 0, Status.Split),
                "law 4: either of them again"
            );
        }
        sameBooks(booksOf(terms), books, "law 3: paid once");
    }

    /// A settlement and an approval over the same milestone do not add up.
    function test_a_settlement_and_an_approval() public {
        Terms memory terms = _terms;
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < 4; ++k) {
            (Kind first, Kind second) = k % 2 == 0
                ? (Kind.ReleaseByStranger, Kind.SettleByFreelancer)
                : (Kind.SettleByFreelancer, Kind.ReleaseByStranger);
            if (k > 1) {
                if (first == Kind.SettleByFreelancer) first = Kind.SettleByClient;
                if (second == Kind.SettleByFreelancer) second = Kind.AmendByClient;
            }
            stage(first, terms);
            succeeds(first, terms, signatureOf(first, terms), "law 11");
            fails(second, terms, signatureOf(second, terms), wrongStatus(idOf(terms), 0, endOf(first)), "law 3");
            vm.revertToState(state);
        }
    }

    /// An amendment that ends nothing: the milestones it funds were funded.
    function test_an_amendment_without_divisions_twice() public {
        Terms memory terms = _terms;
        fund(terms, 1);
        Terms memory replacement = replacementOf(terms);
        Amendment memory amendment = amendmentWith("");
        amendment.divisions = new Division[](0);
        amendment.signature = signAmendment(FREELANCER_KEY, terms, replacement, amendment);
        bytes memory data = abi.encodeCall(escrow.amend, (terms, replacement, amendment));
        Books memory books = booksOf(terms);
        vm.prank(client);
        (bool success,) = address(escrow).call(data);
        holds(success, "law 11: once");
        (books.client, books.escrow) = (books.client - 400, books.escrow + 400);
        sameBooks(booksOf(terms), books, "law 11: what it funds");
        refuses(client, data, wrongStatus(idOf(replacement), 0, Status.Active), "law 11: twice");

        vm.prank(freelancer);
        escrow.refund(replacement, 1);
        refuses(client, data, wrongStatus(idOf(replacement), 0, Status.Refunded), "law 11: after its end");
        (books.client, books.escrow) = (books.client + 400, books.escrow - 400);
        sameBooks(booksOf(terms), books, "law 4: nothing more moved");
    }

    /// What an amendment leads to is another agreement: nothing signed for the old one counts there.
    function test_old_signatures_in_the_replacement() public {
        Terms memory terms = _terms;
        Terms memory replacement = replacementOf(terms);
        stage(Kind.AmendByClient, terms);
        bytes[] memory signatures = new bytes[](KINDS);
        for (uint256 k = 0; k < KINDS; ++k) {
            signatures[k] = signatureOf(Kind(k), terms);
        }
        succeeds(Kind.AmendByClient, terms, signatures[uint256(Kind.AmendByClient)], "law 11");
        for (uint256 k = 0; k < KINDS; ++k) {
            isInvalid(Kind(k), replacement, signatures[k], "law 11: of the agreement before");
        }
    }

    function test_an_authorisation_twice() public {
        Terms memory terms = _terms;
        Authorization memory authorization = authorize(terms, 1);
        bytes memory data = abi.encodeCall(escrow.fundWithAuthorization, (terms, 1, "", authorization));
        vm.prank(stranger);
        escrow.fundWithAuthorization(terms, 1, "", authorization);
        Books memory books = booksOf(terms);
        refuses(stranger, data, wrongStatus(idOf(terms), 0, Status.Offered), "law 11: while it is offered");
        vm.prank(client);
        escrow.refund(terms, 1);
        paid(books, 0, AMOUNT, 0);
        refuses(stranger, data, wrongStatus(idOf(terms), 0, Status.Refunded), "law 4: after it was taken back");
        sameBooks(booksOf(terms), books, "law 11: pays once");
    }

    /// An authorisation that was never carried, for a milestone that the client has funded by a call in between.
    function test_an_authorisation_after_the_client_has_funded() public {
        Terms memory terms = _terms;
        bytes memory data = abi.encodeCall(escrow.fundWithAuthorization, (terms, 1, "", authorize(terms, 1)));
        fund(terms, 1);
        Books memory books = booksOf(terms);
        refuses(stranger, data, wrongStatus(idOf(terms), 0, Status.Active), "law 11: funded already");
        vm.prank(freelancer);
        escrow.refund(terms, 1);
        paid(books, 0, AMOUNT, 0);
        refuses(stranger, data, wrongStatus(idOf(terms), 0, Status.Refunded), "law 4: after its end");
        sameBooks(booksOf(terms), books, "law 11: not a second time");
    }

    /// Ends milestone 0 in each way, with `milestones` funded, and carries every signature.
    function _afterEveryEnd(uint64 milestones) private {
        Terms memory terms = _terms;
        fund(terms, milestones);
        uint256 rest = milestones == 3 ? uint256(Status.Active) << 4 : 0;
        Authorization memory authorization = authorize(terms, 1);
        uint256 state = vm.snapshotState();
        for (uint256 way = 0; way < 7; ++way) {
            Status end = _end(terms, way);
            same(escrow.statusesOf(idOf(terms)), rest | uint256(end), "law 5: it has ended so");
            bytes memory error = wrongStatus(idOf(terms), 0, end);
            for (uint256 k = 0; k < KINDS; ++k) {
                fails(Kind(k), terms, signatureOf(Kind(k), terms), error, "law 4: after the end");
            }
            refuses(
                stranger,
                abi.encodeCall(escrow.fundWithAuthorization, (terms, 1, "", authorization)),
                error,
                "law 4: an authorisation after the end"
            );
            vm.warp(BEGIN);
            vm.revertToState(state);
        }
    }

    function _end(Terms memory terms, uint256 way) private returns (Status) {
        if (way == 0) {
            releaseAll(terms);
            return Status.Paid;
        }
        if (way == 1) {
            vm.prank(freelancer);
            escrow.refund(terms, 1);
            return Status.Refunded;
        }
        if (way == 2) {
            vm.prank(client);
            escrow.requestRefund(terms, 0, 0);
            vm.warp(BEGIN + terms.responsePeriod);
            escrow.refund(terms, 1);
            return Status.Refunded;
        }
        if (way == 3) {
            submit(terms, 0, 7000);
            vm.warp(BEGIN + terms.reviewPeriod);
            escrow.release(terms, 1, noApprovals());
            return Status.Split;
        }
        dispute(terms, 0, 10_000, freelancer);
        if (way == 4) {
            vm.warp(BEGIN + terms.rulingPeriod);
            escrow.lapse(terms, 0);
            return Status.Split;
        }
        vm.prank(arbiter);
        // The whole to the client still leaves the fee with the arbiter: divided.
        escrow.rule(terms, 0, way == 5 ? 0 : 950, 0);
        return Status.Split;
    }
}
