// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {HostileWallet} from "../../../contracts/mocks/HostileWallet.sol";
import {PracticeToken} from "../../../contracts/mocks/PracticeToken.sol";
import {Terms} from "../../../contracts/types/EscrowTypes.sol";
import {vm} from "../utils/Vm.sol";
import {Model} from "./Model.sol";

/// @title Setting
/// @notice Twelve agreements between two clients and two freelancers: one milestone and sixty-four, one base unit and
/// nearly all that the type holds, fixed and metered, in two tokens and the coin, with an arbiter and without, with
/// payees that take money and payees that do not.
abstract contract Setting is Model {
    uint256 internal constant OTHER_CLIENT_KEY = 0xC11E48;
    uint256 internal constant OTHER_FREELANCER_KEY = 0xF4EF;
    uint256 internal constant FORTUNE = type(uint160).max;

    PracticeToken internal second;
    HostileWallet internal wallet;
    address internal otherClient = vm.addr(OTHER_CLIENT_KEY);
    address internal otherFreelancer = vm.addr(OTHER_FREELANCER_KEY);
    address[] internal tokens;
    /// Everybody who can receive.
    address[] internal owners;
    mapping(address who => uint256 key) internal keyOf;
    /// Whether `wallet` refuses the coin now.
    bool internal isRefusing;

    function setUp() public virtual override {
        vm.warp(BEGIN);
        super.setUp();
        second = new PracticeToken();
        wallet = new HostileWallet();
        tokens = [address(0), address(token), address(second)];
        owners = [client, otherClient, payee, arbiter, address(wallet), stranger];
        keyOf[client] = CLIENT_KEY;
        keyOf[otherClient] = OTHER_CLIENT_KEY;
        keyOf[freelancer] = FREELANCER_KEY;
        keyOf[otherFreelancer] = OTHER_FREELANCER_KEY;
        keyOf[stranger] = STRANGER_KEY;
        _enrich(client);
        _enrich(otherClient);
        for (uint256 k = 0; k < tokens.length; ++k) {
            for (uint256 j = 0; j < owners.length; ++j) {
                ghostWealth[tokens[k]][owners[j]] = _inHand(tokens[k], owners[j]);
            }
        }

        _add(address(token), _amounts(1, 1), 500, 5000);
        _add(address(token), _amounts(20, 999_999_937), 1000, 0);
        _add(address(second), _amounts(12, type(uint128).max - 12), 0, 10_000);
        _add(address(0), _amounts(24, 1e18 + 7), 500, 5000);
        _add(address(token), _amounts(64, 1_000_003), 300, 3333);
        _add(address(0), _amounts(9, 1), 1000, 9999);
        _addMetered(address(token), 1_000_003, 7);
        _addMetered(address(second), 2_399_999_999, 240);
        _addMetered(address(0), 5, 32_767);
        _addMetered(address(0), type(uint128).max, 1);
        _add(address(second), _amounts(33, 12_345), 500, 5000);
        _add(address(0), _amounts(16, 10_007), 500, 2500);
        deals[3].payee = address(wallet);
        deals[8].payee = address(wallet);
        deals[10].arbiter = address(0);
        deals[11].arbiter = address(0);
        deals[11].payee = address(wallet);
        for (uint256 d = 0; d < deals.length; d += 2) {
            deals[d].client = otherClient;
        }
        for (uint256 d = 0; d < deals.length; d += 3) {
            deals[d].freelancer = otherFreelancer;
        }
    }

    function _enrich(address who) private {
        token.mint(who, FORTUNE);
        second.mint(who, FORTUNE);
        vm.deal(who, FORTUNE);
        vm.prank(who);
        token.approve(address(escrow), type(uint256).max);
        vm.prank(who);
        second.approve(address(escrow), type(uint256).max);
    }

    function _amounts(uint256 count, uint256 each) private pure returns (uint256[] memory amounts) {
        amounts = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            amounts[i] = each + i;
        }
    }

    function _add(address money, uint256[] memory amounts, uint16 feeBps, uint16 defaultBps) private {
        Terms memory t = fixedPrice(amounts);
        t.token = money;
        t.arbiterFeeBps = feeBps;
        t.defaultBps = defaultBps;
        t.salt = bytes32(deals.length);
        t.reviewPeriod = uint32(1 hours * (1 + 7 * deals.length));
        deals.push(t);
    }

    function _addMetered(address money, uint256 amount, uint16 units) private {
        Terms memory t = metered(amount, units);
        // Half of the periods are over.
        t.start -= 32 * t.period;
        t.token = money;
        t.salt = bytes32(deals.length);
        deals.push(t);
    }

    // Who has what

    function _inHand(address money, address owner) internal view returns (uint256) {
        return money == address(0) ? owner.balance : IERC20(money).balanceOf(owner);
    }

    function _refuses(address money, address to) internal view override returns (bool) {
        return money == address(0) ? to == address(wallet) && isRefusing : PracticeToken(money).isDenied(to);
    }

    /// Everybody has what the rules gave them, and the escrow has what is left.
    function _compareMoney(address money) internal view {
        uint256 credited = 0;
        for (uint256 j = 0; j < owners.length; ++j) {
            same(_inHand(money, owners[j]), ghostWealth[money][owners[j]], "law 2: what an owner has");
            same(escrow.credits(money, owners[j]), ghostCredit[money][owners[j]], "law 13: a credit");
            credited += ghostCredit[money][owners[j]];
        }
        same(_inHand(money, address(escrow)), ghostOpen[money] + credited + ghostGifts[money], "law 1: balance");
    }
}
