// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title PracticeToken
/// @notice A token for local chains that behaves as the large dollar tokens do: 6 decimals, ERC-2612 permits, ERC-3009
/// authorisations and a deny list. Anybody may mint and anybody may deny: worth nothing on any chain.
contract PracticeToken is ERC20Permit {
    bytes32 private constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    mapping(address account => bool) public isDenied;
    mapping(address authorizer => mapping(bytes32 nonce => bool)) public authorizationState;

    error AccountDenied(address account);
    error AuthorizationInvalid(address from, bytes32 nonce);

    constructor() ERC20("Practice Dollar", "USDP") ERC20Permit("Practice Dollar") {}

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setDenied(address account, bool denied) external {
        isDenied[account] = denied;
    }

    /// @notice ERC-3009: moves `value` from a signer to the caller.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        bytes32 digest = _hashTypedDataV4(
            keccak256(abi.encode(RECEIVE_TYPEHASH, from, to, value, validAfter, validBefore, nonce))
        );
        if (
            to != msg.sender || block.timestamp <= validAfter || block.timestamp >= validBefore
                || authorizationState[from][nonce] || ECDSA.recover(digest, v, r, s) != from
        ) revert AuthorizationInvalid(from, nonce);

        authorizationState[from][nonce] = true;
        _transfer(from, to, value);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (isDenied[from]) revert AccountDenied(from);
        if (isDenied[to]) revert AccountDenied(to);
        super._update(from, to, value);
    }
}
