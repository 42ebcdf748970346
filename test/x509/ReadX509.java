// Reads what the tests wrote with Java's own CertificateFactory and prints what it understood, a line for each fact.
// Arguments, in groups of three: the authority, a certificate that it signed, and its CRL.

import java.io.FileInputStream;
import java.math.BigInteger;
import java.security.cert.CertificateFactory;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.HexFormat;

public class ReadX509 {
  public static void main(String[] paths) throws Exception {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    for (int i = 0; i < paths.length; i += 3) {
      X509Certificate authority = readCertificate(factory, paths[i]);
      X509Certificate leaf = readCertificate(factory, paths[i + 1]);
      X509CRL crl;
      try (FileInputStream in = new FileInputStream(paths[i + 2])) {
        crl = (X509CRL) factory.generateCRL(in);
      }
      leaf.verify(authority.getPublicKey());
      crl.verify(authority.getPublicKey());
      print("subject", leaf.getSubjectX500Principal().getName());
      print("issuer", leaf.getIssuerX500Principal().getName());
      print("serial", leaf.getSerialNumber().toString(16));
      print("notAfter", leaf.getNotAfter().toInstant());
      print("authorityNotAfter", authority.getNotAfter().toInstant());
      print("pathLength", authority.getBasicConstraints());
      print("keyUsage", leaf.getKeyUsage()[0] + " " + leaf.getKeyUsage()[5]);
      print("extendedKeyUsage", leaf.getExtendedKeyUsage());
      print("names", leaf.getSubjectAlternativeNames().stream().map(name -> name.get(1)).toList());
      print("critical", new java.util.TreeSet<>(leaf.getCriticalExtensionOIDs()));
      print("publicKey", HexFormat.of().formatHex(leaf.getPublicKey().getEncoded()));
      print("crlIssuer", crl.getIssuerX500Principal().getName());
      print("nextUpdate", crl.getNextUpdate().toInstant());
      print("revoked", crl.getRevokedCertificates().size());
      print("reason", crl.getRevokedCertificate(leaf.getSerialNumber()).getRevocationReason());
      print("notRevoked", crl.getRevokedCertificate(BigInteger.TWO));
    }
  }

  private static X509Certificate readCertificate(CertificateFactory factory, String path) throws Exception {
    try (FileInputStream in = new FileInputStream(path)) {
      return (X509Certificate) factory.generateCertificate(in);
    }
  }

  private static void print(String name, Object value) {
    System.out.println(name + "=" + value);
  }
}
