// verify_bundle.mjs READERS BUNDLE PUBLIC_KEY: lets @sigstore/verify check a bundle that a plain key
// signed. READERS is the directory that install_readers filled.
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [readers, bundleFile, keyFile] = process.argv.slice(2);
const require = createRequire(resolve(readers, 'package.json'));
const { bundleFromJSON } = require('@sigstore/bundle');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

const json = JSON.parse(readFileSync(bundleFile, 'utf8'));
const rawBytes = createPublicKey(readFileSync(keyFile)).export({ type: 'spki', format: 'der' });
const hint = json.verificationMaterial.publicKey.hint;

// No log and no authority is trusted, and none is asked for: a key alone, as an auditor offline has it.
const trust = toTrustMaterial(
  { tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] },
  { [hint]: { rawBytes } },
);
const verifier = new Verifier(trust, {
  tlogThreshold: 0,
  ctlogThreshold: 0,
  timestampThreshold: 0,
  tsaThreshold: 0,
});
verifier.verify(toSignedEntity(bundleFromJSON(json))); // throws when anything does not hold
console.log(`verified by ${hint}`);
