// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IMilestoneEscrow} from "./interfaces/IMilestoneEscrow.sol";

/// @title Payouts
/// @notice Moves money in exactly and out by push, else by credit. Knows tokens and recipients, not agreements.
abstract contract Payouts is IMilestoneEscrow, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// Enough for a contract wallet behind a proxy to receive the coin; a bound on what it can make others pay for.
    uint256 internal constant COIN_PUSH_GAS = 200_000;
    /// Gas to bring to a push that fails: the cap above, the 64th part the EVM keeps back (EIP-150), and the
    /// call's own cost of at most 36,600. With less, a failure proves nothing about the recipient, and a recipient of
    /// the coin that has code may have been starved.
    uint256 internal constant PUSH_GAS_FLOOR = 250_000;

    mapping(address token => mapping(address owner => uint256 amount)) internal _credits;

    /// @inheritdoc IMilestoneEscrow
    function withdraw(address token, address owner, address to) external nonReentrant {
        if (msg.sender != owner && to != owner) revert NotCreditOwner(msg.sender, owner);
        if (to == address(0) || to == address(this)) revert RecipientInvalid(to);
        uint256 amount = _credits[token][owner];
        if (amount == 0) revert NothingToWithdraw(token, owner);

        _credits[token][owner] = 0;
        emit CreditWithdrawn(token, owner, to, amount);

        if (token == address(0)) Address.sendValue(payable(to), amount);
        else IERC20(token).safeTransfer(to, amount);
    }

    /// @inheritdoc IMilestoneEscrow
    function credits(address token, address owner) external view returns (uint256) {
        return _credits[token][owner];
    }

    /// @dev Takes exactly `amount` of `token` from the caller: the coin from the call's value, a token by allowance.
    function _pull(address token, uint256 amount) internal {
        if (token == address(0)) return _requireValue(amount);
        _requireValue(0);
        if (amount == 0) return;

        uint256 balanceBefore = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        _requireReceived(token, balanceBefore, amount);
    }

    /// @dev Only payable acts come here.
    // slither-disable-next-line msg-value-in-nonpayable
    function _requireValue(uint256 required) internal view {
        if (msg.value != required) revert ValueMismatch(msg.value, required);
    }

    function _requireReceived(address token, uint256 balanceBefore, uint256 amount) internal view {
        uint256 balanceAfter = IERC20(token).balanceOf(address(this));
        if (balanceAfter < balanceBefore || balanceAfter - balanceBefore != amount) {
            revert TransferNotExact(token, balanceBefore, balanceAfter, amount);
        }
    }

    /// @dev Sends `amount` to `to`; where the recipient or the token refuses, credits it. Never reverts for a reason
    /// the recipient controls. The credit follows the call because only the call tells; the guard covers the gap.
    /// @param hasCredited Whether an earlier payout of the same act became a credit.
    /// @return Whether that or this one did.
    function _push(bytes32 agreement, address token, address to, uint256 amount, bool hasCredited)
        internal
        returns (bool)
    {
        if (amount == 0) return hasCredited;
        uint256 gasBefore = gasleft();
        bool isCoin = token == address(0);
        bool isDelivered = isCoin ? _trySendCoin(to, amount) : IERC20(token).trySafeTransfer(to, amount);
        // A token has no cap, so who failed before may have burnt what the caller brought; that must not stop the next.
        bool isBurnt = hasCredited && !isCoin;
        // A recipient with code may also take the coin and fail in what it does with it.
        if ((!isDelivered || (isCoin && to.code.length != 0)) && !isBurnt && gasBefore < PUSH_GAS_FLOOR) {
            revert GasTooLow(gasBefore, PUSH_GAS_FLOOR);
        }
        if (isDelivered) return hasCredited;

        _credits[token][to] += amount;
        emit PayoutCredited(agreement, to, token, amount);
        return true;
    }

    /// @dev Solidity's own call would copy whatever the recipient returns, at the caller's cost.
    function _trySendCoin(address to, uint256 amount) private returns (bool success) {
        assembly ("memory-safe") {
            success := call(COIN_PUSH_GAS, to, amount, 0, 0, 0, 0)
        }
    }
}
