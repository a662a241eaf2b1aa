// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {BombWallet} from "../mocks/BombWallet.sol";
import {CallingToken} from "../mocks/CallingToken.sol";
import {MoodyToken} from "../mocks/MoodyToken.sol";
import {StubbornWallet} from "../mocks/StubbornWallet.sol";
import {vm} from "../utils/Vm.sol";
import {AttackTest} from "./AttackTest.sol";

/// @title RecipientBurnsTokenGas
/// @notice A token is pushed without a bound of gas. A token, or a recipient whom a token calls, uses all of it and
/// hopes that the act never ends: that a ruling against it is not made, or the other party's part is not paid.
///
/// The EVM keeps a 64th part back from every call, the token's own included. Of the gas that one transaction may bring
/// on the strictest chain (EIP-7825) that is enough to credit the one who burns, to pay those who take their money, and
/// to credit those who refuse it, who are not asked for the floor any more: one hostile recipient holds up nobody, even
/// if it answers with so much that a token which copies it runs out as well.
///
/// A known limit: one who burns leaves some 230,000 to all others together, and where they need more, most of all where
/// they burn too, the act is not made. What pays one side alone is.
contract RecipientBurnsTokenGas is AttackTest {
    /// What the data of the transaction leave of its gas.
    uint256 private constant ACT_GAS = TRANSACTION_GAS - 100_000;

    StubbornWallet private _client;
    StubbornWallet private _payee;
    StubbornWallet private _arbiter;
    CallingToken private _money;
    Terms private _terms;

    function setUp() public override {
        super.setUp();
        _client = new StubbornWallet();
        _payee = new StubbornWallet();
        _arbiter = new StubbornWallet();
        _money = new CallingToken();
        Terms memory terms = fixedPrice(1000);
        terms.token = address(_money);
        terms.client = address(_client);
        terms.payee = address(_payee);
        terms.arbiter = address(_arbiter);
        _money.mint(address(_client), 1000);
        vm.prank(address(_client));
        _money.approve(address(escrow), 1000);
        _terms = terms;
        fund(terms, 1);
        dispute(terms, 0, 10_000, freelancer);
    }

    function test_one_of_three() public {
        StubbornWallet[3] memory wallets = [_payee, _client, _arbiter];
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < 3; ++k) {
            wallets[k].setManner(StubbornWallet.Manner.BurnGas, 0);
            Books memory books = booksOf(_terms);
            holds(_rule(), "law 16: the ruling is not made");
            if (k == 0) books.payeeCredit = 600;
            if (k == 1) books.clientCredit = 350;
            if (k == 2) books.arbiterCredit = 50;
            paid(books, k == 0 ? 0 : 600, k == 1 ? 0 : 350, k == 2 ? 0 : 50);
            sameBooks(booksOf(_terms), books, "law 13");

            // Nobody delivers to one who burns; the owner sends it elsewhere.
            address owner = address(wallets[k]);
            vm.prank(stranger);
            (bool success,) =
                address(escrow).call{gas: ACT_GAS}(abi.encodeCall(escrow.withdraw, (address(_money), owner, owner)));
            holds(!success, "law 13: delivered to one who burns");
            withdraw(owner, address(_money), owner, stranger);
            same(_money.balanceOf(address(escrow)), 0, "law 13: where the owner sends it");
            vm.revertToState(state);
        }
    }

    /// Both parties burn, and no ruling is made that pays both; either party then lapses or settles as they like, for
    /// one who burns is credited as soon as the other does not.
    function test_two_of_three_are_as_a_silent_arbiter() public {
        _payee.setManner(StubbornWallet.Manner.BurnGas, 0);
        _client.setManner(StubbornWallet.Manner.BurnGas, 0);
        holds(!_rule(), "law 16: the ruling is made");
        same(uint8(statusOf(_terms, 0)), uint8(Status.Disputed), "law 6: as it was");

        vm.warp(block.timestamp + _terms.rulingPeriod);
        _client.setManner(StubbornWallet.Manner.Accept, 0);
        Books memory books = booksOf(_terms);
        vm.prank(stranger);
        escrow.lapse{gas: ACT_GAS}(_terms, 0);
        books.payeeCredit = 500;
        paid(books, 0, 500, 0);
        sameBooks(booksOf(_terms), books, "law 16: whoever does not burn is paid");
    }

    /// A ruling of everything to one side asks nothing of the other, so little gas is enough.
    function test_who_receives_nothing_is_not_called() public {
        _terms.arbiterFeeBps = 0;
        _terms.salt = bytes32(uint256(1));
        _money.mint(address(_client), 1000);
        vm.prank(address(_client));
        _money.approve(address(escrow), 1000);
        fund(_terms, 1);
        dispute(_terms, 0, 10_000, freelancer);
        _payee.setManner(StubbornWallet.Manner.BurnGas, 0);
        Books memory books = booksOf(_terms);
        vm.prank(address(_arbiter));
        escrow.rule{gas: 1_000_000}(_terms, 0, 0, 0);
        paid(books, 0, 1000, 0);
        sameBooks(booksOf(_terms), books, "law 16: who receives nothing is not called");
    }

    /// One burns and another refuses: both are credited, and the third is paid.
    function test_one_who_burns_and_one_who_refuses() public {
        _payee.setManner(StubbornWallet.Manner.BurnGas, 0);
        _client.setManner(StubbornWallet.Manner.Revert, 0);
        Books memory books = booksOf(_terms);
        holds(_rule(), "law 16: the ruling is not made");
        (books.payeeCredit, books.clientCredit) = (600, 350);
        paid(books, 0, 0, 50);
        sameBooks(booksOf(_terms), books, "law 13");
    }

    /// A bomb beside those who take their money: it is credited alone, in a ruling and in a lapse.
    function test_a_bomb_alone() public {
        Terms memory terms = _bombed();
        uint256 state = vm.snapshotState();
        Books memory books = booksOf(terms);
        _goes(address(_arbiter), abi.encodeCall(escrow.rule, (terms, 0, 600, 0)));
        books.payeeCredit = 600;
        paid(books, 0, 350, 50);
        sameBooks(booksOf(terms), books, "law 13: ruled");
        vm.revertToState(state);
        books = booksOf(terms);
        vm.warp(BEGIN + terms.rulingPeriod);
        _goes(stranger, abi.encodeCall(escrow.lapse, (terms, 0)));
        books.payeeCredit = 500;
        paid(books, 0, 500, 0);
        sameBooks(booksOf(terms), books, "law 13: lapsed");
    }

    /// A bomb as the payee and a client who refuses: both are credited, in a lapse, a settlement and a ruling.
    function test_a_bomb_and_a_client_who_refuses() public {
        Terms memory terms = _bombed();
        _client.setManner(StubbornWallet.Manner.Revert, 0);
        uint256 state = vm.snapshotState();
        Books memory books = booksOf(terms);
        _goes(address(_client), _settlement(terms, 600));
        (books.payeeCredit, books.clientCredit) = (600, 400);
        sameBooks(booksOf(terms), books, "law 16: settled");
        vm.revertToState(state);

        books = booksOf(terms);
        _goes(address(_arbiter), abi.encodeCall(escrow.rule, (terms, 0, 600, 0)));
        (books.payeeCredit, books.clientCredit) = (600, 350);
        paid(books, 0, 0, 50);
        sameBooks(booksOf(terms), books, "law 16: ruled");
        vm.revertToState(state);

        books = booksOf(terms);
        vm.warp(BEGIN + terms.rulingPeriod);
        _goes(stranger, abi.encodeCall(escrow.lapse, (terms, 0)));
        (books.payeeCredit, books.clientCredit) = (500, 500);
        sameBooks(booksOf(terms), books, "law 16: lapsed");
    }

    /// A bomb as the payee and an arbiter who refuses the fee: both are credited, and the client is paid.
    function test_a_bomb_and_an_arbiter_who_refuses() public {
        Terms memory terms = _bombed();
        _arbiter.setManner(StubbornWallet.Manner.Revert, 0);
        Books memory books = booksOf(terms);
        _goes(address(_arbiter), abi.encodeCall(escrow.rule, (terms, 0, 600, 0)));
        (books.payeeCredit, books.arbiterCredit) = (600, 50);
        paid(books, 0, 350, 0);
        sameBooks(booksOf(terms), books, "law 16: ruled");
    }

    /// A bomb as the payee, and both others refuse: all three are credited.
    function test_a_bomb_and_two_who_refuse() public {
        Terms memory terms = _bombed();
        _client.setManner(StubbornWallet.Manner.Revert, 0);
        _arbiter.setManner(StubbornWallet.Manner.Revert, 0);
        Books memory books = booksOf(terms);
        _goes(address(_arbiter), abi.encodeCall(escrow.rule, (terms, 0, 600, 0)));
        (books.payeeCredit, books.clientCredit, books.arbiterCredit) = (600, 350, 50);
        sameBooks(booksOf(terms), books, "law 16: ruled");
    }

    /// The others share some 230,000 of gas: a client who needs little of it is paid. One who needs more has to wait, or
    /// takes all or nothing.
    function test_a_bomb_and_a_client_who_needs_gas() public {
        Terms memory terms = _bombed();
        vm.warp(BEGIN + terms.rulingPeriod);
        uint256 state = vm.snapshotState();
        bytes memory lapse = abi.encodeCall(escrow.lapse, (terms, 0));
        _client.setManner(StubbornWallet.Manner.UseGas, 100_000);
        Books memory books = booksOf(terms);
        _goes(stranger, lapse);
        books.payeeCredit = 500;
        paid(books, 0, 500, 0);
        sameBooks(booksOf(terms), books, "law 16: one who needs little");
        vm.revertToState(state);

        _client.setManner(StubbornWallet.Manner.UseGas, 240_000);
        books = booksOf(terms);
        (bool success,) = _cold(stranger, lapse);
        holds(!success, "law 16: one who needs much");
        sameBooks(booksOf(terms), books, "law 13: nothing moved");
        _goes(address(_client), _settlement(terms, 0));
        paid(books, 0, 1000, 0);
        sameBooks(booksOf(terms), books, "law 16: all to one side");
        vm.revertToState(state);
        vm.warp(BEGIN);
    }

    /// A token that itself burns: each act that pays one ends as a credit, and takes the gas of a transaction.
    function test_a_token_that_burns() public {
        MoodyToken money = new MoodyToken();
        Terms memory terms = dealIn(money, 1000);
        fund(terms, 1);
        money.setManner(MoodyToken.Manner.BurnGas, MoodyToken.Manner.True);
        Books memory books = booksOf(terms);
        vm.prank(freelancer);
        uint256 gasBefore = gasleft();
        escrow.refund{gas: ACT_GAS}(terms, 1);
        holds(gasBefore - gasleft() > ACT_GAS / 64 * 63, "the token burned nothing");
        books.clientCredit = 1000;
        sameBooks(booksOf(terms), books, "law 13");

        money.setManner(MoodyToken.Manner.True, MoodyToken.Manner.True);
        withdraw(stranger, address(money), client, client);
        books.clientCredit = 0;
        paid(books, 0, 1000, 0);
        sameBooks(booksOf(terms), books, "law 13");
    }

    /// The same people and another payee, who burns so that the token runs out as well; disputed by the freelancer.
    function _bombed() private returns (Terms memory terms) {
        terms = _terms;
        terms.salt = bytes32(uint256(2));
        terms.payee = address(new BombWallet(330_000, 380_000));
        _money.mint(address(_client), 1000);
        vm.prank(address(_client));
        _money.approve(address(escrow), 1000);
        fund(terms, 1);
        dispute(terms, 0, 10_000, freelancer);
    }

    function _settlement(Terms memory terms, uint256 toFreelancer) private view returns (bytes memory) {
        Division memory division = Division(0, toFreelancer, 1000 - toFreelancer);
        bytes memory offer = signSettlement(FREELANCER_KEY, terms, division, type(uint40).max);
        return abi.encodeCall(escrow.settle, (terms, division, type(uint40).max, offer));
    }

    function _goes(address by, bytes memory data) private {
        (bool success, bytes memory answer) = _cold(by, data);
        holds(success, string.concat("law 16: refused with ", vm.toString(answer)));
    }

    function _cold(address by, bytes memory data) private returns (bool success, bytes memory answer) {
        vm.cool(address(escrow));
        vm.cool(address(_money));
        vm.prank(by);
        return address(escrow).call{gas: ACT_GAS}(data);
    }

    /// 600 to the payee, 350 to the client, 50 of fee.
    function _rule() private returns (bool success) {
        (success,) = _cold(address(_arbiter), abi.encodeCall(escrow.rule, (_terms, 0, 600, 0)));
    }
}
