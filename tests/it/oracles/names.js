// What node.js says of the names of certificates: for each line "FILE HOST" of the standard input, yes or no.
const fs = require('fs'), tls = require('tls'), { X509Certificate } = require('crypto');
for (const line of fs.readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const [file, host] = line.split(' ');
  const certificate = new X509Certificate(fs.readFileSync(file)).toLegacyObject();
  console.log(tls.checkServerIdentity(host, certificate) ? 'no' : 'yes');
}
