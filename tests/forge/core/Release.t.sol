// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {HostileWallet} from "../../../contracts/mocks/HostileWallet.sol";
import {Approval, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {CoreTest} from "./CoreTest.sol";

/// @title ReleaseTest
/// @notice `release`: what is due, by approval or by silence, and what carried approvals make due.
contract ReleaseTest is CoreTest {
    uint64 private constant ALL = type(uint64).max;
    uint256 private constant ONES = type(uint256).max / 0xf;

    uint16[] private whole;

    // Without approvals carried

    function testReleasesWhatIsApproved() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, type(uint64).max);
        uint64 set = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 63;
        approve(terms, set, whole);
        begin(terms);
        vm.prank(stranger);
        release(terms, set);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), set, sumOf(terms, set), 0);
        eventsAre();
        paid(terms, 0, sumOf(terms, set), 0);
        statusesAre(terms, type(uint256).max / 0xf * 2 + 0x66006 + (6 << 252));
    }

    function testEachApprovedOneAloneAndAnySetOfThem() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, ALL);
        approve(terms, ALL, whole);
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 64; ++i) {
            release(terms, uint64(1) << uint64(i));
            same(token.balanceOf(payee), sumOf(terms, ALL >> uint64(63 - i)), "law 3: each of them");
            statusesAre(terms, words(ONES * 3, ALL >> uint64(63 - i), Status.Paid));
        }
        uint64[6] memory sets =
            [ALL, ALL >> 1, 1 << 63 | 1, 0xaaaaaaaaaaaaaaaa, 0x5a0f_0ff0_6996_8001, 0x0123_4567_89ab_cdef];
        for (uint256 k = 0; k < sets.length; ++k) {
            vm.revertToState(snapshot);
            begin(terms);
            vm.prank(stranger);
            release(terms, sets[k]);
            emit IMilestoneEscrow.MilestonesReleased(idOf(terms), sets[k], sumOf(terms, sets[k]), 0);
            eventsAre();
            paid(terms, 0, sumOf(terms, sets[k]), 0);
            statusesAre(terms, words(ONES * 3, sets[k], Status.Paid));
        }
    }

    function testOneThatWasReleasedStopsTheOthers() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, ALL);
        approve(terms, ALL, whole);
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < 64; ++i) {
            release(terms, uint64(1) << uint64(i));
            refused(stranger, _release(terms, ALL), wrongStatus(terms, i, Status.Paid));
            vm.revertToState(snapshot);
        }
    }

    function testOneThatIsNotDueIsNamedAmongOthers() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        uint256 deadline = BEGIN + 14 days;
        refused(stranger, _release(terms, 1 << 3 | 1 << 4 | 1 << 5), notReached(terms, 4, deadline));
        vm.warp(deadline);
        uint64 due = 1 << 3 | 1 << 4 | 1 << 5;
        uint8[8] memory bad = [0, 1, 2, 6, 7, 8, 9, 10];
        for (uint256 k = 0; k < bad.length; ++k) {
            bytes memory error = wrongStatus(terms, bad[k], Status(bad[k]));
            refused(stranger, _release(terms, due | uint64(1) << bad[k]), error);
            refused(stranger, _release(terms, 1 << 3 | uint64(1) << bad[k]), error);
            refused(stranger, _release(terms, due | 1 << 11 | uint64(1) << bad[k]), error);
        }
        refused(stranger, _release(terms, due | 1 << 12), outOfRange(terms, 12, 12));
        refused(stranger, _release(terms, 1 << 3 | 1 << 63), outOfRange(terms, 63, 12));
        release(terms, due);
        statusesAre(terms, 0x2a9876a88210);
    }

    /// Approved as a whole, in part, under dispute, and late.
    function testWhatIsDueForDifferentReasonsIsPaidInOneCall() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, ALL);
        submit(terms, 3, 3333);
        submit(terms, 4, 6007);
        dispute(terms, 4, 501, client);
        submit(terms, 5, 8001);
        submit(terms, 6, 10_000);
        dispute(terms, 6, 9999, client);
        submit(terms, 62, 10_000);
        uint64 approved = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 6 | 1 << 63;
        approve(terms, approved, whole);
        uint64 set = approved | 1 << 5 | 1 << 62;
        vm.warp(BEGIN + 14 days);
        uint256[3] memory claims =
            [terms.amounts[3] * 3333 / WHOLE, _restOf(terms.amounts[4], 6007, 501), terms.amounts[5] * 8001 / WHOLE];
        uint256 toFreelancer = terms.amounts[0] + terms.amounts[62] + terms.amounts[63] + claims[0] + claims[1]
            + claims[2] + _restOf(terms.amounts[6], 10_000, 9999);
        uint256 toClient = terms.amounts[3] - claims[0] + terms.amounts[5] - claims[2];
        refused(stranger, _release(terms, set | 2), wrongStatus(terms, 1, Status.Active));
        refused(stranger, _release(terms, set | 1 << 7), wrongStatus(terms, 7, Status.Active));
        begin(terms);
        vm.prank(stranger);
        release(terms, set);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), set, toFreelancer, toClient);
        eventsAre();
        paid(terms, toClient, toFreelancer, 0);
        uint256 statuses = words(ONES * 2, 1 << 0 | 1 << 6 | 1 << 62 | 1 << 63, Status.Paid);
        statusesAre(terms, words(statuses, 1 << 3 | 1 << 4 | 1 << 5, Status.Split));
    }

    function testWhatIsApprovedInPartIsAnybodysToRelease() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        address[6] memory anybody = [client, freelancer, payee, arbiter, stranger, LOWEST];
        uint256 standing = 0x222222222222;
        for (uint8 i = 0; i < anybody.length; ++i) {
            submit(terms, i, 6007);
            approve(terms, uint64(1) << i, units(6007));
            uint256 claim = terms.amounts[i] * 6007 / WHOLE;
            begin(terms);
            vm.prank(anybody[i]);
            release(terms, uint64(1) << i);
            emit IMilestoneEscrow.MilestonesReleased(idOf(terms), uint64(1) << i, claim, terms.amounts[i] - claim);
            eventsAre();
            paid(terms, terms.amounts[i] - claim, claim, 0);
            standing = word(standing, i, Status.Split);
            statusesAre(terms, standing);
        }
    }

    /// What was claimed before counts for nothing where the whole is approved.
    function testTheWholeOfAClaimIsPaidToTheUnit() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xf);
        submit(terms, 1, 10_000);
        dispute(terms, 2, 10_000, freelancer);
        submit(terms, 3, 4000);
        vm.prank(client);
        escrow.requestChanges(terms, 3, 0);
        approve(terms, 0xe, whole);
        statusesAre(terms, 0x3332);
        for (uint8 i = 1; i < 4; ++i) {
            clockIs(terms, i, 0, 0, 0);
        }
        vm.warp(BEGIN + 999 days);
        begin(terms);
        vm.prank(stranger);
        release(terms, 0xe);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 0xe, sumOf(terms, 0xe), 0);
        eventsAre();
        paid(terms, 0, sumOf(terms, 0xe), 0);
        statusesAre(terms, 0x8882);
    }

    function testReleasesApprovedPeriods() public {
        Terms memory terms = metered(1_000_003, 240);
        fund(terms, ALL);
        vm.warp(BEGIN + 64 * 7 days);
        uint8[4] memory milestones = [0, 3, 4, 63];
        for (uint256 k = 0; k < milestones.length; ++k) {
            submit(terms, milestones[k], 240);
        }
        uint64 set = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 63;
        approve(terms, set, units(240, 240, 240, 240));
        uint256 snapshot = vm.snapshotState();
        begin(terms);
        vm.prank(stranger);
        release(terms, set);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), set, 4_000_012, 0);
        eventsAre();
        paid(terms, 0, 4_000_012, 0);
        statusesAre(terms, words(ONES * 2, set, Status.Paid));
        vm.revertToState(snapshot);
        // One that is claimed in part among them.
        submit(terms, 62, 7);
        approve(terms, 1 << 62, units(7));
        uint256 part = uint256(1_000_003) * 7 / 240;
        begin(terms);
        release(terms, set | 1 << 62);
        paid(terms, 1_000_003 - part, 4_000_012 + part, 0);
        statusesAre(terms, word(words(ONES * 2, set, Status.Paid), 62, Status.Split));
    }

    function testReleasesClaimsOfPartsInTheCoin() public {
        Terms memory terms = inCoin(fixedPrice(manyAmounts()));
        fund(terms, 0xfff);
        submit(terms, 0, 3333);
        submit(terms, 3, 1);
        submit(terms, 4, 9999);
        approve(terms, 1 << 0 | 1 << 3 | 1 << 4, units(3333, 1, 9999));
        uint256 toFreelancer =
            terms.amounts[0] * 3333 / WHOLE + terms.amounts[3] / WHOLE + terms.amounts[4] * 9999 / WHOLE;
        uint256 toClient = terms.amounts[0] + terms.amounts[3] + terms.amounts[4] - toFreelancer;
        begin(terms);
        release(terms, 1 << 0 | 1 << 3 | 1 << 4);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 1 << 0 | 1 << 3 | 1 << 4, toFreelancer, toClient);
        eventsAre();
        paid(terms, toClient, toFreelancer, 0);
        statusesAre(terms, 0x2222222aa22a);
    }

    function testAClaimWorthNothingEndsAsRefunded() public {
        Terms memory terms = fixedPrice(9999);
        fund(terms, 1);
        submit(terms, 0, 1);
        approve(terms, 1, units(1));
        begin(terms);
        release(terms, 1);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 1, 0, 9999);
        eventsAre();
        paid(terms, 9999, 0, 0);
        statusesAre(terms, uint256(Status.Refunded));
    }

    function testSilencePaysTheClaim() public {
        Terms memory terms = metered(1_000_003, 240);
        fund(terms, 0xf);
        vm.warp(BEGIN + 28 days);
        for (uint8 i = 0; i < 4; ++i) {
            submit(terms, i, 77);
        }
        uint256 deadline = BEGIN + 28 days + 14 days;
        uint256 claim = uint256(1_000_003) * 77 / 240;

        vm.warp(deadline - 1);
        refused(stranger, _release(terms, 1), notReached(terms, 0, deadline));
        refused(stranger, _release(terms, 8), notReached(terms, 3, deadline));
        vm.warp(deadline);
        begin(terms);
        vm.prank(stranger);
        release(terms, 9);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 9, 2 * claim, 2 * (1_000_003 - claim));
        eventsAre();
        paid(terms, 2 * (1_000_003 - claim), 2 * claim, 0);
        statusesAre(terms, 0xa44a);
        vm.warp(deadline + 1);
        release(terms, 2);
        statusesAre(terms, 0xa4aa);
    }

    function testAnApprovedDisputePaysTheRestOfTheClaim() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 6);
        submit(terms, 1, 6007);
        dispute(terms, 1, 501, client);
        approve(terms, 2, units(6007));
        uint256 rest = terms.amounts[1] * 6007 / WHOLE - terms.amounts[1] * 5506 / WHOLE;
        begin(terms);
        release(terms, 2);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 2, rest, 0);
        eventsAre();
        paid(terms, 0, rest, 0);
        statusesAre(terms, 0x2a0);
    }

    function testAnApprovedDisputeOfTheWholeEndsAsPaid() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 6);
        submit(terms, 1, 10_000);
        dispute(terms, 1, 501, client);
        approve(terms, 2, whole);
        begin(terms);
        release(terms, 2);
        paid(terms, 0, terms.amounts[1] - terms.amounts[1] * 9499 / WHOLE, 0);
        statusesAre(terms, 0x280);
    }

    function testTheLastOfSixtyFourAlone() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, type(uint64).max);
        uint64 last = uint64(1) << 63;
        approve(terms, last, new uint16[](0));
        uint256 snapshot = vm.snapshotState();
        release(terms, last);
        holds(statusOf(terms, 63) == Status.Paid, "law 3: the last one, approved");
        vm.revertToState(snapshot);
        uint64 before = uint64(1) << 62;
        escrow.release(terms, before, approvals(signApproval(CLIENT_KEY, terms, before, new uint16[](0))));
        holds(statusOf(terms, 62) == Status.Paid, "law 3: the one before, by a signature");
        escrow.release(terms, last, approvals(signApproval(CLIENT_KEY, terms, last, new uint16[](0))));
        same(token.balanceOf(payee), terms.amounts[62] + terms.amounts[63], "law 3: both");
    }

    function testWhatIsNotDueIsRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        vm.warp(block.timestamp + 365 days);
        refusedUnless(0x345, terms, stranger, _releaseOne);
        Terms memory weeks_ = metered(1_000_003, 240);
        everyStatus(weeks_);
        vm.warp(block.timestamp + 365 days);
        refusedUnless(0x345, weeks_, freelancer, _releaseOne);
    }

    function testNothingIsReleasedBeforeItIsFunded() public {
        Terms memory terms = fixedPrice(manyAmounts());
        refusedUnfunded(terms, stranger, _release(terms, 0));
    }

    function testAnEmptySetIsRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        refused(stranger, _release(terms, 0), noMilestones());
        Approval memory approval = signApproval(CLIENT_KEY, terms, 1, whole);
        refused(stranger, abi.encodeCall(escrow.release, (terms, 0, approvals(approval))), noMilestones());
    }

    function testMilestonesOutsideTheTermsAreRefused() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 1);
        refused(client, _release(terms, 1 << 12), outOfRange(terms, 12, 12));
        refused(client, _with(terms, 1 << 12, Approval(1 << 12, whole, NONE)), outOfRange(terms, 12, 12));
    }

    // With approvals carried

    function testAnybodyCarriesAnApprovalOfTheWhole() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, type(uint64).max);
        requestRefund(terms, 3);
        submit(terms, 4, 4321);
        submit(terms, 5, 8765);
        dispute(terms, 5, 765, client);
        uint64 set = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 63;
        Approval memory approval = signApproval(CLIENT_KEY, terms, set, whole);
        uint256 claim = terms.amounts[4] * 4321 / WHOLE;
        uint256 toFreelancer = terms.amounts[0] + terms.amounts[3] + terms.amounts[63] + claim + terms.amounts[5] * 8765
            / WHOLE - terms.amounts[5] * 8000 / WHOLE;

        begin(terms);
        vm.prank(stranger);
        escrow.release(terms, set, approvals(approval));
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), set, toFreelancer, terms.amounts[4] - claim);
        eventsAre();
        paid(terms, terms.amounts[4] - claim, toFreelancer, 0);
        statusesAre(terms, type(uint256).max / 0xf * 2 + 0x886006 + (6 << 252));
    }

    function testAnApprovalOfTheWholeEndsAnySetThatNobodyHasClaimed() public {
        Terms memory terms = fixedPrice(oddAmounts(64));
        fund(terms, ALL);
        uint64[6] memory sets =
            [ALL, ALL >> 1, 1 << 63 | 1, 0xaaaaaaaaaaaaaaaa, 0x5a0f_0ff0_6996_8001, 0x0123_4567_89ab_cdef];
        uint256 snapshot = vm.snapshotState();
        for (uint256 k = 0; k < sets.length; ++k) {
            Approval memory approval = signApproval(CLIENT_KEY, terms, sets[k], whole);
            begin(terms);
            vm.prank(stranger);
            escrow.release(terms, sets[k], approvals(approval));
            emit IMilestoneEscrow.MilestonesReleased(idOf(terms), sets[k], sumOf(terms, sets[k]), 0);
            eventsAre();
            paid(terms, 0, sumOf(terms, sets[k]), 0);
            statusesAre(terms, words(ONES * 2, sets[k], Status.Paid));
            vm.revertToState(snapshot);
        }
    }

    function testAnApprovalOfMoreThanIsAskedPaysWhatIsAsked() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        uint256 standing = escrow.statusesOf(idOf(terms));
        // Also of what has ended, what was never funded, and what the terms do not have.
        Approval memory approval = signApproval(CLIENT_KEY, terms, ALL, whole);
        uint256 snapshot = vm.snapshotState();
        begin(terms);
        vm.prank(stranger);
        escrow.release(terms, 1 << 2 | 1 << 11, approvals(approval));
        uint256 sum = terms.amounts[2] + terms.amounts[11];
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 1 << 2 | 1 << 11, sum, 0);
        eventsAre();
        paid(terms, 0, sum, 0);
        statusesAre(terms, words(standing, 1 << 2 | 1 << 11, Status.Paid));
        vm.revertToState(snapshot);
        // Everything that it covers or that is due.
        uint64 set = 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 11;
        uint256 half = terms.amounts[5] * 5000 / WHOLE;
        sum = sumOf(terms, set) - terms.amounts[5] + half;
        begin(terms);
        vm.prank(stranger);
        escrow.release(terms, set, approvals(approval));
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), set, sum, terms.amounts[5] - half);
        eventsAre();
        paid(terms, terms.amounts[5] - half, sum, 0);
        statusesAre(terms, word(words(standing, set, Status.Paid), 5, Status.Split));
        vm.revertToState(snapshot);
        uint8[5] memory bad = [0, 1, 8, 9, 10];
        for (uint256 k = 0; k < bad.length; ++k) {
            bytes memory error = wrongStatus(terms, bad[k], Status(bad[k]));
            refused(stranger, _with(terms, 1 << 2 | 1 << 11 | uint64(1) << bad[k], approval), error);
            refused(stranger, _with(terms, set | uint64(1) << bad[k], approval), error);
        }
        refused(stranger, _with(terms, 1 << 2 | 1 << 12, approval), outOfRange(terms, 12, 12));
    }

    function testApprovalsThatOverlapPayEachOnce() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        Approval memory first = signApproval(CLIENT_KEY, terms, 0x7, whole);
        Approval memory second = signApproval(CLIENT_KEY, terms, 0x3c, whole);
        uint256 snapshot = vm.snapshotState();
        begin(terms);
        vm.prank(stranger);
        escrow.release(terms, 0x3f, approvals(first, second));
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 0x3f, sumOf(terms, 0x3f), 0);
        eventsAre();
        paid(terms, 0, sumOf(terms, 0x3f), 0);
        statusesAre(terms, 0x222222888888);
        vm.revertToState(snapshot);

        // The same where not all of the second are Active, and with one that needs no approval.
        requestRefund(terms, 4);
        submit(terms, 5, 6007);
        submit(terms, 11, 10_000);
        approve(terms, 1 << 11, whole);
        uint256 claim = terms.amounts[5] * 6007 / WHOLE;
        uint64 set = 0x3f | 1 << 11;
        uint256 toFreelancer = sumOf(terms, set) - terms.amounts[5] + claim;
        begin(terms);
        vm.prank(stranger);
        escrow.release(terms, set, approvals(first, second));
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), set, toFreelancer, terms.amounts[5] - claim);
        eventsAre();
        paid(terms, terms.amounts[5] - claim, toFreelancer, 0);
        statusesAre(terms, 0x822222a88888);
    }

    /// Of two approvals the first counts, whichever of them says the whole.
    function testAPartAndTheWholeOfTheSameMilestone() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xf);
        Approval memory part = signApproval(CLIENT_KEY, terms, 0x6, units(6007, 501));
        Approval memory all = signApproval(CLIENT_KEY, terms, 0xf, whole);
        uint256 snapshot = vm.snapshotState();
        uint256[2] memory parts = [terms.amounts[1] * 6007 / WHOLE, terms.amounts[2] * 501 / WHOLE];
        uint256 toFreelancer = terms.amounts[0] + terms.amounts[3] + parts[0] + parts[1];
        uint256 toClient = terms.amounts[1] + terms.amounts[2] - parts[0] - parts[1];
        begin(terms);
        vm.prank(freelancer);
        escrow.release(terms, 0xf, approvals(part, all));
        emit IMilestoneEscrow.MilestoneSubmitted(idOf(terms), 1, 6007, 0);
        emit IMilestoneEscrow.MilestoneSubmitted(idOf(terms), 2, 501, 0);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 0xf, toFreelancer, toClient);
        eventsAre();
        paid(terms, toClient, toFreelancer, 0);
        statusesAre(terms, 0x8aa8);
        vm.revertToState(snapshot);
        begin(terms);
        vm.prank(freelancer);
        escrow.release(terms, 0xf, approvals(all, part));
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 0xf, sumOf(terms, 0xf), 0);
        eventsAre();
        paid(terms, 0, sumOf(terms, 0xf), 0);
        statusesAre(terms, 0x8888);
    }

    /// An approval of nothing that is asked makes nothing due, and is asked for its signature all the same.
    function testAnApprovalOfNothingThatIsAsked() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xf);
        approve(terms, 2, whole);
        Approval memory other = signApproval(CLIENT_KEY, terms, 4, whole);
        Approval memory none = signApproval(CLIENT_KEY, terms, 0, whole);
        refused(stranger, _with(terms, 1, other), wrongStatus(terms, 0, Status.Active));
        refused(stranger, _with(terms, 1, none), wrongStatus(terms, 0, Status.Active));
        bytes32 digest = approvalDigest(terms, 4, whole);
        refused(
            stranger, _with(terms, 2, Approval(4, whole, sign(STRANGER_KEY, digest))), signatureInvalid(client, digest)
        );
        digest = approvalDigest(terms, 0, whole);
        refused(stranger, _with(terms, 2, Approval(0, whole, NONE)), signatureInvalid(client, digest));
        begin(terms);
        vm.prank(stranger);
        escrow.release(terms, 2, approvals(other, none));
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 2, terms.amounts[1], 0);
        eventsAre();
        paid(terms, 0, terms.amounts[1], 0);
        statusesAre(terms, 0x2282);
    }

    function testAMeteredApprovalNamesUnitsOfEach() public {
        Terms memory terms = metered(1_000_003, 240);
        fund(terms, 0xf);
        Approval memory none = signApproval(CLIENT_KEY, terms, 0, whole);
        refused(stranger, _with(terms, 0xf, none), wrongStatus(terms, 0, Status.Active));
        Approval memory approval = signApproval(CLIENT_KEY, terms, 0xf, whole);
        refused(stranger, _with(terms, 0xf, approval), unitsCountMismatch(terms, 0, 4));
        approval = signApproval(CLIENT_KEY, terms, 0xf, units(240, 240, 239, 240));
        refused(stranger, _with(terms, 0xf, approval), notFreelancer(stranger));
        refused(client, _with(terms, 0xf, approval), notFreelancer(client));
        uint256 part = uint256(1_000_003) * 239 / 240;
        begin(terms);
        vm.prank(freelancer);
        escrow.release(terms, 0xf, approvals(approval));
        emit IMilestoneEscrow.MilestoneSubmitted(idOf(terms), 2, 239, 0);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 0xf, 3_000_009 + part, 1_000_003 - part);
        eventsAre();
        paid(terms, 1_000_003 - part, 3_000_009 + part, 0);
        statusesAre(terms, 0x8a88);
    }

    function testTheClientsOwnCallNeedsNoSignature() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        begin(terms);
        vm.prank(client);
        escrow.release(terms, 4, approvals(Approval(4, whole, NONE)));
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 4, terms.amounts[2], 0);
        eventsAre();
        paid(terms, 0, terms.amounts[2], 0);
        statusesAre(terms, 0x222222222822);
    }

    function testTheFreelancerMakesAnApprovalOfAPartTheirClaim() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        requestRefund(terms, 3);
        uint64 set = 1 << 1 | 1 << 3 | 1 << 4;
        Approval memory approval = signApproval(CLIENT_KEY, terms, set, units(9999, 1, 10_000));
        uint256[2] memory parts = [terms.amounts[1] * 9999 / WHOLE, terms.amounts[3] / WHOLE];
        uint256 toFreelancer = parts[0] + parts[1] + terms.amounts[4];
        uint256 toClient = terms.amounts[1] + terms.amounts[3] - parts[0] - parts[1];

        begin(terms);
        vm.prank(freelancer);
        escrow.release(terms, set, approvals(approval));
        emit IMilestoneEscrow.MilestoneSubmitted(idOf(terms), 1, 9999, 0);
        emit IMilestoneEscrow.MilestoneSubmitted(idOf(terms), 3, 1, 0);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), set, toFreelancer, toClient);
        eventsAre();
        paid(terms, toClient, toFreelancer, 0);
        statusesAre(terms, 0x22222228a2a2);
    }

    function testAPartIsTheFreelancersToClaim() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xf);
        requestRefund(terms, 3);
        for (uint8 i = 2; i < 4; ++i) {
            bytes memory call =
                _with(terms, uint64(1) << i, signApproval(CLIENT_KEY, terms, uint64(1) << i, units(9999)));
            onlyFreelancer(terms, call);
        }
    }

    function testAMeteredApprovalIsCarriedByTheFreelancer() public {
        Terms memory terms = metered(1_000_003, 240);
        fund(terms, 0xf);
        uint256[2] memory parts = [uint256(1_000_003) * 239 / 240, uint256(1_000_003) * 7 / 240];
        Approval memory approval = signApproval(CLIENT_KEY, terms, 1 << 0 | 1 << 3, units(239, 7));
        begin(terms);
        vm.prank(freelancer);
        escrow.release(terms, 9, approvals(approval));
        emit IMilestoneEscrow.MilestoneSubmitted(idOf(terms), 0, 239, 0);
        emit IMilestoneEscrow.MilestoneSubmitted(idOf(terms), 3, 7, 0);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 9, parts[0] + parts[1], 2_000_006 - parts[0] - parts[1]);
        eventsAre();
        paid(terms, 2_000_006 - parts[0] - parts[1], parts[0] + parts[1], 0);
        statusesAre(terms, 0xa22a);
    }

    function testAMeteredApprovalOfTheWholeIsAnybodysToCarry() public {
        Terms memory terms = metered(1_000_003, 240);
        fund(terms, 3);
        Approval memory approval = signApproval(CLIENT_KEY, terms, 2, units(240));
        begin(terms);
        vm.prank(stranger);
        escrow.release(terms, 2, approvals(approval));
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 2, 1_000_003, 0);
        eventsAre();
        paid(terms, 0, 1_000_003, 0);
        statusesAre(terms, 0x82);
    }

    function testAnApprovalCoversTheClaim() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        submit(terms, 3, 4000);
        submit(terms, 4, 5000);
        dispute(terms, 4, 1000, client);
        Approval memory below = signApproval(CLIENT_KEY, terms, 1 << 3, units(3999));
        refused(freelancer, _with(terms, 1 << 3, below), belowClaim(terms, 3, 3999, 4000));
        below = signApproval(CLIENT_KEY, terms, 1 << 4, units(4999));
        refused(freelancer, _with(terms, 1 << 4, below), belowClaim(terms, 4, 4999, 5000));

        Approval memory enough = signApproval(CLIENT_KEY, terms, 3 << 3, units(4000, 5001));
        uint256 claim = terms.amounts[3] * 4000 / WHOLE;
        uint256 rest = terms.amounts[4] * 5000 / WHOLE - terms.amounts[4] * 4000 / WHOLE;
        begin(terms);
        vm.prank(stranger);
        escrow.release(terms, 3 << 3, approvals(enough));
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 3 << 3, claim + rest, terms.amounts[3] - claim);
        eventsAre();
        paid(terms, terms.amounts[3] - claim, claim + rest, 0);
        statusesAre(terms, 0x2222222aa222);
    }

    function testWhatIsDueNeedsNoCover() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        submit(terms, 0, 4000);
        submit(terms, 1, 5000);
        approve(terms, 1, units(4000));
        vm.warp(BEGIN + 14 days);
        Approval memory approval = signApproval(CLIENT_KEY, terms, 3, units(1, 1));
        uint256 claims = terms.amounts[0] * 4000 / WHOLE + terms.amounts[1] * 5000 / WHOLE;
        uint256 rest = terms.amounts[0] + terms.amounts[1] - claims;
        begin(terms);
        vm.prank(stranger);
        escrow.release(terms, 3, approvals(approval));
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), 3, claims, rest);
        eventsAre();
        paid(terms, rest, claims, 0);
        statusesAre(terms, 0x2222222222aa);
    }

    function testTheFirstApprovalCountsAndTheRestMustBeDue() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        approve(terms, 1 << 11, whole);
        // Milestones 1 and 4 by the first, 5 by the second, 11 by itself; 2 and 6 are named but not asked for.
        Approval memory first = signApproval(CLIENT_KEY, terms, 1 << 1 | 1 << 2 | 1 << 4, units(1001, 2, 4004));
        Approval memory second = signApproval(CLIENT_KEY, terms, 1 << 4 | 1 << 5 | 1 << 6, units(4, 5005, 6));
        uint64 set = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 11;
        uint256 toFreelancer = terms.amounts[1] * 1001 / WHOLE + terms.amounts[4] * 4004 / WHOLE + terms.amounts[5]
            * 5005 / WHOLE + terms.amounts[11];
        uint256 toClient = sumOf(terms, set) - toFreelancer;
        begin(terms);
        vm.prank(freelancer);
        escrow.release(terms, set, approvals(first, second));
        emit IMilestoneEscrow.MilestoneSubmitted(idOf(terms), 1, 1001, 0);
        emit IMilestoneEscrow.MilestoneSubmitted(idOf(terms), 4, 4004, 0);
        emit IMilestoneEscrow.MilestoneSubmitted(idOf(terms), 5, 5005, 0);
        emit IMilestoneEscrow.MilestonesReleased(idOf(terms), set, toFreelancer, toClient);
        eventsAre();
        paid(terms, toClient, toFreelancer, 0);
        statusesAre(terms, 0x822222aa22a2);
    }

    function testWhatNoApprovalNamesMustBeDue() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        Approval memory approval = signApproval(CLIENT_KEY, terms, 1 << 1 | 1 << 3, whole);
        refused(freelancer, _with(terms, 0xe, approval), wrongStatus(terms, 2, Status.Active));
        refused(freelancer, _with(terms, 0xb, approval), wrongStatus(terms, 0, Status.Active));
        refused(freelancer, _with(terms, 0x1a, approval), wrongStatus(terms, 4, Status.Active));
    }

    function testAnApprovalPaysOnce() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 3);
        Approval memory approval = signApproval(CLIENT_KEY, terms, 1, whole);
        escrow.release(terms, 1, approvals(approval, approval));
        refused(stranger, _with(terms, 1, approval), wrongStatus(terms, 0, Status.Paid));
    }

    function testAnApprovalIsTheClients() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 3);
        Approval memory approval = signApproval(CLIENT_KEY, terms, 1, units(10_000));
        bytes32 digest = approvalDigest(terms, 1, units(10_000));
        bytes[] memory signatures = falseSignatures(client, digest);
        for (uint256 k = 0; k < signatures.length; ++k) {
            approval.signature = signatures[k];
            refused(stranger, _with(terms, 1, approval), signatureInvalid(client, digest));
        }
        refused(LOWEST, _with(terms, 1, approval), signatureInvalid(client, digest));
        refused(HIGHEST, _with(terms, 1, approval), signatureInvalid(client, digest));
        approval.signature = sign(FREELANCER_KEY, digest);
        refused(freelancer, _with(terms, 1, approval), signatureInvalid(client, digest));
    }

    function testAnApprovalNamesItsAgreementMilestonesAndUnits() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 7);
        Terms memory other = fixedPrice(manyAmounts());
        other.salt = bytes32(uint256(1));
        Approval memory approval = signApproval(CLIENT_KEY, other, 1, units(10_000));
        refused(stranger, _with(terms, 1, approval), signatureInvalid(client, approvalDigest(terms, 1, units(10_000))));
        approval = signApproval(CLIENT_KEY, terms, 2, units(10_000));
        approval.milestones = 1;
        refused(stranger, _with(terms, 1, approval), signatureInvalid(client, approvalDigest(terms, 1, units(10_000))));
        approval = signApproval(CLIENT_KEY, terms, 1, units(9999));
        approval.units = units(10_000);
        refused(stranger, _with(terms, 1, approval), signatureInvalid(client, approvalDigest(terms, 1, units(10_000))));
    }

    function testAWalletApprovesByItsOwnSignature() public {
        vm.prank(client);
        HostileWallet wallet = new HostileWallet();
        token.mint(address(wallet), 10_000_019);
        Terms memory terms = fixedPrice(10_000_019);
        terms.client = address(wallet);
        wallet.execute(address(token), 0, abi.encodeCall(token.approve, (address(escrow), 10_000_019)));
        fund(terms, 1);
        Approval memory approval = signApproval(CLIENT_KEY, terms, 1, whole);
        escrow.release(terms, 1, approvals(approval));
        statusesAre(terms, uint256(Status.Paid));
        same(token.balanceOf(payee), 10_000_019, "law 12: an approval pays what it names");
    }

    function testApprovedUnitsAreOneToTheWhole() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 0xfff);
        // Also where the milestone is not asked for.
        Approval memory approval = signApproval(CLIENT_KEY, terms, 1 << 1 | 1 << 3 | 1 << 4, units(10_000, 5, 0));
        refused(freelancer, _with(terms, 2, approval), unitsOutOfRange(terms, 4, 0, 10_000));
        approval = signApproval(CLIENT_KEY, terms, 1 << 0 | 1 << 3, units(10_001, 5));
        refused(freelancer, _with(terms, 8, approval), unitsOutOfRange(terms, 0, 10_001, 10_000));
        Terms memory weeks_ = metered(1_000_003, 240);
        fund(weeks_, 3);
        approval = signApproval(CLIENT_KEY, weeks_, 2, units(241));
        refused(freelancer, _with(weeks_, 2, approval), unitsOutOfRange(weeks_, 1, 241, 240));
    }

    function testApprovedUnitsAreOneForEachOrNone() public {
        Terms memory terms = fixedPrice(manyAmounts());
        fund(terms, 3);
        Approval memory approval = Approval(3, units(10_000), NONE);
        refused(stranger, _with(terms, 1, approval), unitsCountMismatch(terms, 1, 2));
        Terms memory weeks_ = metered(1_000_003, 240);
        fund(weeks_, 3);
        approval = Approval(2, whole, NONE);
        refused(stranger, _with(weeks_, 2, approval), unitsCountMismatch(weeks_, 0, 1));
    }

    function testAnApprovalNeedsWorkUnderWay() public {
        Terms memory terms = fixedPrice(manyAmounts());
        everyStatus(terms);
        refusedUnless(0x234567, terms, client, _withApproval);
        refusedUnless(0x234567, terms, client, _withApprovalOfAPart);
        Terms memory weeks_ = metered(1_000_003, 240);
        everyStatus(weeks_);
        refusedUnless(0x234567, weeks_, freelancer, _signedApproval);
    }

    /// The sum so far, 2, has the bits of one Active milestone; the first one is not that.
    function testWhatIsPaidSoFarIsNoStatus() public {
        uint256[] memory amounts = new uint256[](2);
        (amounts[0], amounts[1]) = (10, 2);
        Terms memory terms = fixedPrice(amounts);
        fund(terms, 3);
        submit(terms, 0, 5_000);
        Approval memory second = Approval(2, new uint16[](0), NONE);
        Approval memory first = Approval(1, new uint16[](0), NONE);
        begin(terms);
        vm.prank(client);
        escrow.release(terms, 3, approvals(second, first));
        paid(terms, 5, 7, 0);
        statusesAre(terms, 0x8a);
    }

    /// What is open of a claim of which the client disputes a part.
    function _restOf(uint256 amount, uint256 claimed, uint256 disputed) private pure returns (uint256) {
        return amount * claimed / WHOLE - amount * (claimed - disputed) / WHOLE;
    }

    function _release(Terms memory terms, uint64 set) private view returns (bytes memory) {
        return abi.encodeCall(escrow.release, (terms, set, new Approval[](0)));
    }

    function _releaseOne(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return _release(terms, uint64(1) << i);
    }

    function _with(Terms memory terms, uint64 set, Approval memory approval) private view returns (bytes memory) {
        return abi.encodeCall(escrow.release, (terms, set, approvals(approval)));
    }

    function _withApproval(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return _with(terms, uint64(1) << i, Approval(uint64(1) << i, new uint16[](0), NONE));
    }

    function _withApprovalOfAPart(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return _with(terms, uint64(1) << i, Approval(uint64(1) << i, units(1), NONE));
    }

    function _signedApproval(Terms memory terms, uint8 i) private view returns (bytes memory) {
        return _with(terms, uint64(1) << i, signApproval(CLIENT_KEY, terms, uint64(1) << i, units(240)));
    }
}
