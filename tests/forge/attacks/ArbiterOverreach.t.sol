// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Amendment, Authorization, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {StubbornWallet} from "../mocks/StubbornWallet.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title ArbiterOverreach
/// @notice The arbiter tries for more: more than is disputed, a larger fee, a second ruling, a late one, one over a
/// milestone or an agreement that nobody disputed, one for themselves as the payee; or refuses the fee, hoping that the
/// parties wait for their money with it.
///
/// A ruling divides what is open of one disputed milestone, less the agreed fee, before its deadline; the status that
/// it writes is final. Everything else is refused, a silent arbiter earns nothing, and a fee that cannot be delivered
/// waits alone.
contract ArbiterOverreach is AttackTest {
    uint256 private constant PERIOD = 30 days;

    Terms private terms;

    /// Three milestones of 1,000; a quarter of the first is under dispute.
    function setUp() public override {
        super.setUp();
        terms = fixedPrice(oneByOne(3, 1000));
        fund(terms, 7);
        submit(terms, 0, 10_000);
        dispute(terms, 0, 2500, client);
    }

    function test_more_than_is_disputed() public {
        // 250 are disputed, of which 12 are the fee.
        refuses(arbiter, _ruling(0, 239), _tooHigh(239, 238), "law 2: more than is disputed");
        refuses(arbiter, _ruling(0, 1000), _tooHigh(1000, 238), "law 2: the whole milestone");
        refuses(arbiter, _ruling(0, type(uint256).max), _tooHigh(type(uint256).max, 238), "law 2: everything there is");
        _rule(0, 238);
        same(token.balanceOf(payee), 988, "law 2: conceded and ruled");
        same(token.balanceOf(arbiter), 12, "law 2: the fee");
        same(token.balanceOf(address(escrow)), 2000, "law 8: the other milestones");
    }

    /// Any claim, any part of it disputed, any fee, any ruling: each has what the laws say, to the unit.
    function testFuzz_any_ruling(uint16 claimed, uint16 units, uint16 feeBps, uint256 toFreelancer) public {
        Terms memory any = fixedPrice(999_983);
        any.arbiterFeeBps = feeBps % 1001;
        fund(any, 1);
        claimed = claimed % 10_000 + 1;
        units = units % claimed + 1;
        submit(any, 0, claimed);
        Books memory books = booksOf(any);
        dispute(any, 0, units, client);
        uint256 conceded = 999_983 * uint256(claimed - units) / WHOLE;
        uint256 disputed = 999_983 * uint256(claimed) / WHOLE - conceded;
        paid(books, conceded, 999_983 - disputed - conceded, 0);
        sameBooks(booksOf(any), books, "law 2: what the client concedes is out of reach");

        uint256 fee = disputed * any.arbiterFeeBps / WHOLE;
        bytes memory error = abi.encodeWithSelector(
            IMilestoneEscrow.RulingTooHigh.selector, idOf(any), 0, disputed - fee + 1, disputed - fee
        );
        bytes memory ruling = abi.encodeCall(escrow.rule, (any, 0, disputed - fee + 1, 0));
        refuses(arbiter, ruling, error, "law 2: one more than the fee leaves");
        toFreelancer = toFreelancer % (disputed - fee + 1);
        vm.prank(arbiter);
        escrow.rule(any, 0, toFreelancer, 0);
        paid(books, toFreelancer, disputed - fee - toFreelancer, fee);
        sameBooks(booksOf(any), books, "law 10: a ruling divides what is disputed");
    }

    function test_twice() public {
        bytes[] memory calls = new bytes[](2);
        (calls[0], calls[1]) = (_ruling(0, 100), _ruling(0, 100));
        refuses(
            arbiter, abi.encodeCall(escrow.multicall, (calls)), _status(0, Status.Split), "law 4: twice in one batch"
        );
        _rule(0, 100);
        Books memory books = booksOf(terms);
        for (uint256 k = 0; k < 3; ++k) {
            uint256[3] memory rulings = [uint256(0), 100, 238];
            refuses(arbiter, _ruling(0, rulings[k]), _status(0, Status.Split), "law 4: a second ruling");
        }
        vm.warp(BEGIN + PERIOD);
        refuses(stranger, abi.encodeCall(escrow.lapse, (terms, 0)), _status(0, Status.Split), "law 4: a lapse after it");
        sameBooks(booksOf(terms), books, "law 4: it is over");
        same(books.arbiter, 12, "law 2: one fee");
    }

    /// The parties end the dispute themselves: there is nothing to rule on, and no fee.
    function test_what_the_parties_have_ended() public {
        uint256 state = vm.snapshotState();
        vm.prank(client);
        escrow.approve(terms, 1, new uint16[](0));
        refuses(arbiter, _ruling(0, 0), _status(0, Status.PartlyApproved), "law 12: against a concession of the client");
        escrow.release(terms, 1, noApprovals());
        refuses(arbiter, _ruling(0, 0), _status(0, Status.Paid), "law 4: against a release");
        same(token.balanceOf(payee), 1000, "law 12: all of it");
        vm.revertToState(state);
        vm.prank(freelancer);
        escrow.refund(terms, 1);
        refuses(arbiter, _ruling(0, 238), _status(0, Status.Split), "law 4: against a concession of the freelancer");
        same(token.balanceOf(payee), 750, "law 3: what the client had conceded");
        same(token.balanceOf(arbiter), 0, "law 2: no ruling, no fee");
    }

    function test_at_the_last_second_and_too_late() public {
        Books memory books = booksOf(terms);
        uint256 snapshot = vm.snapshotState();
        vm.warp(BEGIN + PERIOD - 1);
        _rule(0, 0);
        paid(books, 0, 238, 12);
        sameBooks(booksOf(terms), books, "law 17: one second before");
        vm.revertToState(snapshot);
        books = booksOf(terms);
        for (uint256 late = 0; late < 2; ++late) {
            vm.warp(BEGIN + PERIOD + late);
            bytes memory error = abi.encodeWithSelector(
                IMilestoneEscrow.DeadlinePassed.selector, idOf(terms), 0, BEGIN + PERIOD, block.timestamp
            );
            refuses(arbiter, _ruling(0, 0), error, "law 17: a late ruling");
        }
        escrow.lapse(terms, 0);
        paid(books, 125, 125, 0);
        sameBooks(booksOf(terms), books, "law 15: the default share, and silence earns nothing");
    }

    function test_what_nobody_disputed() public {
        refuses(arbiter, _ruling(1, 0), _status(1, Status.Active), "law 6: active work");
        submit(terms, 1, 10_000);
        refuses(arbiter, _ruling(1, 0), _status(1, Status.Submitted), "law 6: a submission");
        vm.prank(client);
        escrow.approve(terms, 4, new uint16[](0));
        refuses(arbiter, _ruling(2, 0), _status(2, Status.Approved), "law 6: what is approved");
        refuses(
            arbiter,
            _ruling(3, 0),
            abi.encodeWithSelector(IMilestoneEscrow.MilestoneOutOfRange.selector, idOf(terms), 3, 3),
            "law 6: what is not in the terms"
        );
    }

    /// The same dispute, named with another arbiter or another fee, is another agreement.
    function test_under_terms_of_their_own() public {
        Terms memory own = terms;
        own.arbiter = stranger;
        bytes memory error = abi.encodeWithSelector(IMilestoneEscrow.AgreementNotFunded.selector, idOf(own));
        refuses(stranger, abi.encodeCall(escrow.rule, (own, 0, 0, 0)), error, "law 18: another arbiter");
        own = terms;
        own.arbiterFeeBps = 1000;
        error = abi.encodeWithSelector(IMilestoneEscrow.AgreementNotFunded.selector, idOf(own));
        refuses(arbiter, abi.encodeCall(escrow.rule, (own, 0, 0, 0)), error, "law 18: another fee");
    }

    /// The arbiter of one agreement in another: one that names somebody else, and one in which nobody is at odds.
    function test_in_another_agreement() public {
        Terms memory other = fixedPrice(1000);
        other.arbiter = stranger;
        fund(other, 1);
        dispute(other, 0, 10_000, freelancer);
        bytes memory data = abi.encodeCall(escrow.rule, (other, 0, 0, 0));
        bytes memory error = abi.encodeWithSelector(IMilestoneEscrow.NotArbiter.selector, arbiter, stranger);
        refuses(arbiter, data, error, "law 8: somebody else's dispute");
        other = fixedPrice(1000);
        other.salt = bytes32(uint256(1));
        fund(other, 1);
        submit(other, 0, 10_000);
        data = abi.encodeCall(escrow.rule, (other, 0, 0, 0));
        error = abi.encodeWithSelector(IMilestoneEscrow.WrongStatus.selector, idOf(other), 0, Status.Submitted);
        refuses(arbiter, data, error, "law 8: the same people's other agreement");
        _rule(0, 0);
        same(token.balanceOf(address(escrow)), 4000, "law 8: only what is disputed has left");
    }

    function test_by_anybody_else() public {
        address[4] memory others = [client, freelancer, payee, stranger];
        for (uint256 k = 0; k < others.length; ++k) {
            bytes memory error = abi.encodeWithSelector(IMilestoneEscrow.NotArbiter.selector, others[k], arbiter);
            refuses(others[k], _ruling(0, 0), error, "law 7: a ruling by somebody else");
        }
    }

    /// Where nobody was named, nobody rules, and the default share ends it.
    function test_where_there_is_none() public {
        Terms memory none = fixedPrice(1000);
        none.arbiter = address(0);
        fund(none, 1);
        dispute(none, 0, 10_000, freelancer);
        address[5] memory all = [arbiter, client, freelancer, payee, stranger];
        for (uint256 k = 0; k < all.length; ++k) {
            bytes memory error = abi.encodeWithSelector(IMilestoneEscrow.NotArbiter.selector, all[k], address(0));
            refuses(all[k], abi.encodeCall(escrow.rule, (none, 0, 0, 0)), error, "law 7: an arbiter of nothing");
        }
        Books memory books = booksOf(none);
        vm.warp(BEGIN + PERIOD);
        escrow.lapse(none, 0);
        paid(books, 500, 500, 0);
        sameBooks(booksOf(none), books, "law 16: it ends all the same");
    }

    /// An arbiter is no payee, for whom they would rule themselves, by whichever way the terms come in. Behind another
    /// address of theirs the contract cannot know them; they take what is disputed, and no more.
    function test_in_their_own_favour() public {
        Terms memory own = fixedPrice(oneByOne(2, 1000));
        own.payee = arbiter;
        bytes memory error = abi.encodeWithSelector(IMilestoneEscrow.RecipientInvalid.selector, arbiter);
        bytes memory acceptance = signTerms(FREELANCER_KEY, own);
        Authorization memory authorization;
        Amendment memory amendment;
        amendment.funded = 1;
        amendment.expiresAt = type(uint40).max;
        amendment.signature = signAmendment(FREELANCER_KEY, terms, own, amendment);
        Books memory books = booksOf(own);
        refuses(client, abi.encodeCall(escrow.fund, (own, 3, acceptance)), error, "law 18: funded");
        refuses(client, abi.encodeCall(escrow.fund, (own, 3, "")), error, "law 18: offered");
        bytes memory data = abi.encodeCall(escrow.fundWithAuthorization, (own, 3, acceptance, authorization));
        refuses(stranger, data, error, "law 18: funded by authorisation");
        refuses(client, abi.encodeCall(escrow.amend, (terms, own, amendment)), error, "law 18: amended to");
        sameBooks(booksOf(own), books, "law 18: nothing moved");
        same(escrow.statusesOf(idOf(own)), 0, "law 18: nothing is funded");

        own.payee = address(0x0A4B);
        fund(own, 3);
        submit(own, 0, 10_000);
        books = booksOf(own);
        dispute(own, 0, 4000, client);
        vm.prank(arbiter);
        escrow.rule(own, 0, 380, 0);
        paid(books, 600 + 380, 0, 20);
        sameBooks(booksOf(own), books, "law 2: what was claimed");
        same(books.escrow, 3250, "law 8: what nobody disputed");
    }

    /// Nobody named is no payee either way: the check of the payee is not met by the missing arbiter.
    function test_in_nobodys_favour() public {
        Terms memory none = fixedPrice(1000);
        (none.arbiter, none.payee) = (address(0), address(0));
        bytes memory error = abi.encodeWithSelector(IMilestoneEscrow.RecipientInvalid.selector, address(0));
        refuses(client, abi.encodeCall(escrow.fund, (none, 1, "")), error, "law 18: paid to nobody");
        none.payee = payee;
        fund(none, 1);
        same(uint8(statusOf(none, 0)), uint8(Status.Active), "law 18: without an arbiter");
    }

    /// One who cannot take the fee is credited; the parties have theirs.
    function test_who_takes_no_fee() public {
        token.setDenied(arbiter, true);
        _rule(0, 100);
        same(escrow.credits(address(token), arbiter), 12, "law 13: the fee");
        same(token.balanceOf(payee), 850, "law 13: the payee has theirs");
        withdraw(arbiter, address(token), arbiter, stranger);
        same(token.balanceOf(stranger), 12, "law 13: the fee, elsewhere");
    }

    /// One with code that refuses the coin, with a reason or by using the gas, delays neither party.
    function test_who_refuses_the_coin() public {
        StubbornWallet wallet = new StubbornWallet();
        Terms memory coin = inCoin(fixedPrice(1000));
        coin.arbiter = address(wallet);
        fund(coin, 1);
        dispute(coin, 0, 10_000, freelancer);
        uint256 state = vm.snapshotState();
        StubbornWallet.Manner[2] memory manners = [StubbornWallet.Manner.Revert, StubbornWallet.Manner.BurnGas];
        for (uint256 k = 0; k < 2; ++k) {
            wallet.setManner(manners[k], 0);
            Books memory books = booksOf(coin);
            vm.prank(address(wallet));
            escrow.rule(coin, 0, 900, 0);
            (books.escrow, books.arbiterCredit) = (50, 50);
            (books.payee, books.client) = (books.payee + 900, books.client + 50);
            sameBooks(booksOf(coin), books, "law 13: the fee waits, the parties have theirs");
            withdraw(address(wallet), address(0), address(wallet), arbiter);
            same(arbiter.balance, 50, "law 13: the fee, elsewhere");
            vm.revertToState(state);
        }
    }

    function _rule(uint8 milestone, uint256 toFreelancer) private {
        vm.prank(arbiter);
        escrow.rule(terms, milestone, toFreelancer, 0);
    }

    function _ruling(uint8 milestone, uint256 toFreelancer) private view returns (bytes memory) {
        return abi.encodeCall(escrow.rule, (terms, milestone, toFreelancer, 0));
    }

    function _tooHigh(uint256 asked, uint256 most) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.RulingTooHigh.selector, idOf(terms), 0, asked, most);
    }

    function _status(uint256 milestone, Status status) private view returns (bytes memory) {
        return abi.encodeWithSelector(IMilestoneEscrow.WrongStatus.selector, idOf(terms), milestone, status);
    }
}
