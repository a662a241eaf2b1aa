// What OpenZeppelin's library makes of trees and proofs: asked as JSON on stdin, said on stdout.
const { readFileSync } = require("fs");
const { StandardMerkleTree } = require("@openzeppelin/merkle-tree");

function described(tree) {
  tree.validate();
  const proofs = [...tree.entries()].map(([i]) => tree.getProof(i));
  return { root: tree.root, dump: tree.dump(), proofs };
}

function verified({ root, leafEncoding, segments }) {
  return segments.map((s) => StandardMerkleTree.verify(root, leafEncoding, s.value, s.proof));
}

const { weeks = [], proofs = [], made = [] } = JSON.parse(readFileSync(0, "utf8"));
const said = {
  weeks: weeks.map((text) => described(StandardMerkleTree.load(JSON.parse(text)))),
  proofs: proofs.map((text) => verified(JSON.parse(text))),
  made: made.map(({ values, encoding }) => described(StandardMerkleTree.of(values, encoding))),
};
console.log(JSON.stringify(said));
