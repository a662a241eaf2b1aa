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
        statusesAre(terms, type(uint256).max / 0xf * 2 + 0x55005 + (5 << 252));
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
        statusesAre(terms, 0x222222299229);
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
        statusesAre(terms, 0x9339);
        vm.warp(deadline + 1);
        release(terms, 2);
        statusesAre(terms, 0x9399);
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
        statusesAre(terms, 0x290);
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
        statusesAre(terms, 0x270);
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
        refusedUnless(0x34, terms, stranger, _releaseOne);
        Terms memory weeks_ = metered(1_000_003, 240);
        everyStatus(weeks_);
        vm.warp(block.timestamp + 365 days);
        refusedUnless(0x34, weeks_, freelancer, _releaseOne);
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
        statusesAre(terms, type(uint256).max / 0xf * 2 + 0x775005 + (5 << 252));
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
        statusesAre(terms, 0x222222222722);
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
        statusesAre(terms, 0x222222279292);
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
        statusesAre(terms, 0x9229);
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
        statusesAre(terms, 0x72);
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
        statusesAre(terms, 0x222222299222);
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
        statusesAre(terms, 0x222222222299);
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
        statusesAre(terms, 0x722222992292);
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
        refusedUnless(0x23456, terms, client, _withApproval);
        refusedUnless(0x23456, terms, client, _withApprovalOfAPart);
        Terms memory weeks_ = metered(1_000_003, 240);
        everyStatus(weeks_);
        refusedUnless(0x23456, weeks_, freelancer, _signedApproval);
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
