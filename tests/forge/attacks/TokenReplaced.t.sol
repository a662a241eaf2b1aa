// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IMilestoneEscrow} from "../../../contracts/interfaces/IMilestoneEscrow.sol";
import {Amendment, Authorization, Division, Status, Terms} from "../../../contracts/types/EscrowTypes.sol";
import {HookToken} from "../mocks/HookToken.sol";
import {PlainToken} from "../mocks/LedgerToken.sol";
import {MoodyToken} from "../mocks/MoodyToken.sol";
import {vm} from "../utils/Vm.sol";
import {AllActs} from "./AllActs.sol";

/// @title TokenReplaced
/// @notice A token is honest when an agreement is funded and another code when it is paid: one that returns nothing, one
/// that refuses, one that re-enters; or no code at all, where a call succeeds without doing anything. The attacker hopes
/// that what was learnt of the token at the funding is taken for granted later, and that a call to no code counts as a
/// payment.
///
/// Nothing is remembered of a token. Each payout is judged by its own answer, no code is no payment but a credit, and
/// what the token keeps by its balances leaves once it is a token again.
contract TokenReplaced is AllActs {
    PlainToken private _money;
    Terms private _terms;
    bytes private _code;

    function setUp() public override {
        super.setUp();
        _money = new PlainToken();
        Terms memory terms = dealIn(_money, 3000);
        terms.amounts = oneByOne(3, 1000);
        _terms = terms;
        fund(terms, 3);
        _code = address(_money).code;
    }

    /// Honest, then silent, then refusing, then honest again: each payout as the code of its moment makes it.
    function test_a_token_that_changes_twice() public {
        MoodyToken moody = new MoodyToken();
        vm.etch(address(_money), address(moody).code);
        _setManner(MoodyToken.Manner.Nothing);
        Books memory books = booksOf(_terms);
        releaseAll(_terms);
        paid(books, 1000, 0, 0);
        sameBooks(booksOf(_terms), books, "law 3: returns nothing");

        _setManner(MoodyToken.Manner.False);
        _refundSecond();
        books.clientCredit = 1000;
        sameBooks(booksOf(_terms), books, "law 13: refuses");

        vm.etch(address(_money), _code);
        withdraw(stranger, address(_money), client, client);
        books.clientCredit = 0;
        paid(books, 0, 1000, 0);
        sameBooks(booksOf(_terms), books, "law 13: honest again");
        same(books.escrow, 0, "law 1: nothing is left");
    }

    /// The new code attempts every act while it is asked to pay.
    function test_a_token_that_turns_hostile() public {
        HookToken hostile = new HookToken();
        vm.etch(address(_money), address(hostile).code);
        hostile = HookToken(address(_money));
        uint256 state = vm.snapshotState();
        for (uint256 k = 0; k < ATTEMPTS; ++k) {
            hostile.arm(HookToken.Moment.BeforeTransfer, address(escrow), act(_terms, k));
            Books memory books = booksOf(_terms);
            releaseAll(_terms);
            paid(books, 1000, 0, 0);
            sameBooks(booksOf(_terms), books, "law 3");
            same(hostile.attempts(), 1, "law 14: the attempt was made");
            sameBytes(hostile.answer(), guard(), "law 14: what the attempt is answered");
            same(uint8(statusOf(_terms, 1)), uint8(Status.Active), "law 8: the other milestone");
            vm.revertToState(state);
        }
    }

    /// A call to no code succeeds and pays nobody: it counts as refused.
    function test_a_token_that_is_gone_pays_by_credit() public {
        Books memory books = booksOf(_terms);
        vm.etch(address(_money), "");
        releaseAll(_terms);
        _refundSecond();
        same(uint8(statusOf(_terms, 0)), uint8(Status.Paid), "law 16: it has ended");
        same(uint8(statusOf(_terms, 1)), uint8(Status.Refunded), "law 16: it has ended");
        refuses(
            payee,
            abi.encodeCall(escrow.withdraw, (address(_money), payee, payee)),
            abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(_money)),
            "law 13: no code pays nobody"
        );

        vm.etch(address(_money), _code);
        (books.payeeCredit, books.clientCredit) = (1000, 1000);
        sameBooks(booksOf(_terms), books, "law 13: the credits wait");
        withdraw(stranger, address(_money), payee, payee);
        withdraw(stranger, address(_money), client, client);
        (books.payeeCredit, books.clientCredit) = (0, 0);
        paid(books, 1000, 1000, 0);
        sameBooks(booksOf(_terms), books, "law 13: and leave when the token is back");
    }

    /// No code takes nothing in: not for new terms, not for another milestone of old ones, by no way of funding.
    function test_a_token_that_is_gone_takes_nothing_in() public {
        vm.etch(address(_money), "");
        uint256 statuses = escrow.statusesOf(idOf(_terms));
        Authorization memory authorization;
        refuses(client, abi.encodeCall(escrow.fund, (_terms, 4, "")), "", "law 1: another milestone");
        refuses(
            stranger,
            abi.encodeCall(escrow.fundWithAuthorization, (_terms, 4, "", authorization)),
            "",
            "law 1: another milestone"
        );
        same(escrow.statusesOf(idOf(_terms)), statuses, "law 1: nothing is funded");

        Terms memory terms = _terms;
        terms.salt = bytes32(uint256(1));
        bytes memory missing = abi.encodeWithSelector(IMilestoneEscrow.TokenMissing.selector, address(_money));
        refuses(client, abi.encodeCall(escrow.fund, (terms, 1, "")), missing, "law 18: new terms");
        refuses(
            stranger,
            abi.encodeCall(escrow.fundWithAuthorization, (terms, 1, "", authorization)),
            missing,
            "law 18: new terms"
        );
    }

    /// No amendment leads to new terms in a token that is gone, even where no money would move.
    function test_a_token_that_is_gone_is_in_no_new_terms() public {
        Terms memory replacement = _terms;
        replacement.salt = bytes32(uint256(1));
        Amendment memory amendment;
        amendment.divisions = new Division[](1);
        amendment.divisions[0] = Division(0, 0, 1000);
        amendment.funded = 1;
        amendment.expiresAt = type(uint40).max;
        amendment.signature = signAmendment(FREELANCER_KEY, _terms, replacement, amendment);
        vm.etch(address(_money), "");
        refuses(
            client,
            abi.encodeCall(escrow.amend, (_terms, replacement, amendment)),
            abi.encodeWithSelector(IMilestoneEscrow.TokenMissing.selector, address(_money)),
            "law 18: new terms"
        );
        same(uint8(statusOf(_terms, 0)), uint8(Status.Active), "law 6: as it was");
    }

    function _refundSecond() private {
        vm.prank(freelancer);
        escrow.refund(_terms, 2);
    }

    function _setManner(MoodyToken.Manner onTransfer) private {
        MoodyToken(address(_money)).setManner(onTransfer, MoodyToken.Manner.True);
    }
}
