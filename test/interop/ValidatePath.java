// A relying party in Java: the PKIX validator with revocation on and CRLs from a file, then the common name.
// java ValidatePath.java TRUST CRLS SECONDS-FROM-NOW (CHAIN EXPECTED-CN)...
// prints one line for each chain: `good`, `name CN` when the path holds and the name does not, or the reason of the refusal,
// or the exception by which the validator itself failed.
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.*;
import java.time.Instant;
import java.util.*;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;

public class ValidatePath {
    private static CertificateFactory x509;

    public static void main(String[] words) throws Exception {
        x509 = CertificateFactory.getInstance("X.509");
        var anchors = new HashSet<TrustAnchor>();
        for (var root : certificates(words[0])) anchors.add(new TrustAnchor(root, null));
        var crls = CertStore.getInstance("Collection", new CollectionCertStoreParameters(readCrls(words[1])));
        var at = Date.from(Instant.now().plusSeconds(Long.parseLong(words[2])));
        for (int i = 3; i < words.length; i += 2) {
            System.out.println(judge(certificates(words[i]), words[i + 1], anchors, crls, at));
        }
    }

    private static String judge(
            List<X509Certificate> chain, String expected, Set<TrustAnchor> anchors, CertStore crls, Date at)
            throws Exception {
        var parameters = new PKIXParameters(anchors);
        parameters.setRevocationEnabled(true);
        parameters.addCertStore(crls);
        parameters.setDate(at);
        try {
            CertPathValidator.getInstance("PKIX").validate(x509.generateCertPath(chain), parameters);
        } catch (CertPathValidatorException refused) {
            return String.valueOf(refused.getReason());
        } catch (RuntimeException fault) {
            return fault.getClass().getSimpleName();
        }
        var name = commonName(chain.get(0));
        return name.equals(expected) ? "good" : "name " + name;
    }

    /** Exactly one, or nobody. */
    private static String commonName(X509Certificate leaf) throws Exception {
        var names = new ArrayList<String>();
        for (Rdn rdn : new LdapName(leaf.getSubjectX500Principal().getName()).getRdns()) {
            if (rdn.getType().equals("CN")) names.add(rdn.getValue().toString());
        }
        return names.size() == 1 ? names.get(0) : "";
    }

    private static List<X509Certificate> certificates(String file) throws IOException, CertificateException {
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            return x509.generateCertificates(in).stream().map(each -> (X509Certificate) each).toList();
        }
    }

    private static Collection<? extends CRL> readCrls(String file) throws IOException, CRLException {
        try (InputStream in = Files.newInputStream(Path.of(file))) {
            return x509.generateCRLs(in);
        }
    }
}
