// A relying party in Java: the PKIX validator that asks OCSP about the leaf alone, and takes no other word for it.
// java CheckByOcsp TRUST CHAIN...
// prints one line for each chain: `good`, or the reason of the refusal.
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.*;
import java.util.*;

public class CheckByOcsp {
    public static void main(String[] words) throws Exception {
        var x509 = CertificateFactory.getInstance("X.509");
        var anchors = new HashSet<TrustAnchor>();
        for (var root : read(x509, words[0])) anchors.add(new TrustAnchor((X509Certificate) root, null));
        for (int i = 1; i < words.length; i++) System.out.println(judge(x509, anchors, read(x509, words[i])));
    }

    private static String judge(CertificateFactory x509, Set<TrustAnchor> anchors, List<Certificate> chain)
            throws Exception {
        var validator = CertPathValidator.getInstance("PKIX");
        var checker = (PKIXRevocationChecker) validator.getRevocationChecker();
        checker.setOptions(
                EnumSet.of(PKIXRevocationChecker.Option.NO_FALLBACK, PKIXRevocationChecker.Option.ONLY_END_ENTITY));
        var parameters = new PKIXParameters(anchors);
        parameters.addCertPathChecker(checker);
        try {
            validator.validate(x509.generateCertPath(chain), parameters);
            return "good";
        } catch (CertPathValidatorException refused) {
            return String.valueOf(refused.getReason());
        }
    }

    private static List<Certificate> read(CertificateFactory x509, String file) throws Exception {
        try (var stream = Files.newInputStream(Path.of(file))) {
            return new ArrayList<>(x509.generateCertificates(stream));
        }
    }
}
