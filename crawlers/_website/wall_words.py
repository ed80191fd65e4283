"""What walls say, in the languages of the sites that are watched: data for `walls`. Small letters without accents.

A telling phrase makes a wall of a page that says hardly anything else; `labels` are other words of such a wall, which are no
text of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    telling: tuple[str, ...] = field(repr=False)
    labels: tuple[str, ...] = field(repr=False)


# fmt: off
SIGN_IN = (  # what a form is for that asks who somebody is
    "sign in", "log in", "login", "signin", "iniciar sesion", "inicie sesion", "inicia sesion", "acceder", "ingresar",
    "se connecter", "connectez-vous", "connexion", "identifiez-vous", "anmelden", "anmeldung", "einloggen",
    "entrar", "fazer login", "iniciar sessao", "inicie sessao", "accedi", "accesso",
)
LOGIN = Words(
    telling=(
        "log in to view", "login to view", "sign in to view", "log in to see", "sign in to see", "log in to continue",
        "login to continue", "sign in to continue", "log in to access", "sign in to access", "must be logged in",
        "must be signed in", "must log in", "must sign in", "need to log in", "need to sign in", "please log in",
        "please login", "please sign in", "members only", "restricted to members", "authentication required",
        "sign in to your account", "log in to your account",
        "inicie sesion para", "inicia sesion para", "debe iniciar sesion", "debes iniciar sesion", "solo para miembros",
        "por favor inicie sesion", "acceso restringido",
        "connectez-vous pour", "veuillez vous connecter", "veuillez vous identifier", "vous devez etre connecte",
        "vous devez vous connecter", "reserve aux membres",
        "bitte melden sie sich an", "bitte anmelden", "bitte einloggen", "mussen angemeldet sein", "mussen sich anmelden",
        "nur fur mitglieder", "anmeldung erforderlich",
        "faca login para", "inicie sessao para", "precisa estar logado", "precisa iniciar sessao", "apenas para membros",
        "acesso restrito",
        "effettua il login", "effettua l'accesso", "accedi per", "devi accedere", "devi effettuare", "riservato ai membri",
    ),
    labels=(
        *SIGN_IN, "register", "sign up", "password", "user name", "username", "user id", "e-mail", "email", "remember me",
        "create an account", "contrasena", "usuario", "correo", "registr", "mot de passe", "identifiant", "inscri",
        "passwort", "kennwort", "benutzername", "senha", "esqueceu", "nome utente", "utilisateur",
    ),
)
SUBSCRIPTION = Words(
    telling=(
        "subscribe to continue", "subscribe to read", "subscribe to keep reading", "already a subscriber",
        "subscribers only", "suscribete para", "suscribase para", "solo para suscriptores", "abonnez-vous pour",
        "reserve aux abonnes", "deja abonne", "nur fur abonnenten", "bereits abonnent", "abonnieren und weiterlesen",
        "assine para continuar", "assine para ler", "exclusivo para assinantes", "abbonati per", "riservato agli abbonati",
    ),
    labels=(*SIGN_IN, "subscri", "suscri", "abonn", "assin", "abbon"),
)
CHALLENGE = Words(
    telling=(
        "checking your browser", "checking if the site connection is secure", "verify you are human",
        "verifying you are human", "needs to review the security of your connection",
        "enable javascript and cookies to continue", "incapsula incident id", "request unsuccessful",
        "ddos protection by", "pardon our interruption", "unusual traffic from your", "complete the security check",
        "please complete the captcha", "you are not a robot", "you're not a robot", "i am not a robot", "i'm not a robot",
        "no eres un robot", "no es un robot", "no soy un robot", "verifique que es humano", "n'etes pas un robot",
        "ne suis pas un robot", "verification de securite", "kein roboter", "sicherheitsuberprufung",
        "nao e um robo", "nao sou um robo", "verificacao de seguranca", "non sei un robot", "non sono un robot",
    ),
    labels=("security check", "one more step", "captcha", "robot", "robo"),
)
CONSENT = Words(
    telling=(  # the choices: that a site has cookies is no wall
        "accept all", "reject all", "accept cookies to continue", "accept and continue", "before you continue",
        "aceptar todo", "aceptar todas", "rechazar todo", "rechazar todas", "tout accepter", "tout refuser",
        "accepter et continuer", "avant de continuer", "alle akzeptieren", "alle ablehnen", "akzeptieren und weiter",
        "aceitar todos", "aceitar tudo", "rejeitar todos", "rejeitar tudo", "accetta tutti", "accetta tutto",
        "rifiuta tutti", "rifiuta tutto",
    ),
    labels=("cookie", "consent", "privacy", "consentimiento", "privacidad", "avant d'acceder", "datenschutz", "einwillig",
            "privacidade", "riservatezza"),
)
BANNERS = (  # of a banner that stands over nothing
    "before you continue", "we value your privacy", "accept all cookies", "accept cookies to continue",
    "we use cookies", "consent to continue", "manage your cookie", "valoramos su privacidad", "aceptar todas las cookies",
    "nous utilisons des cookies", "wir verwenden cookies", "utilizamos cookies", "usamos cookies", "utilizziamo i cookie",
)
SCRIPTED = (
    "please enable javascript", "enable javascript to run this app", "javascript is required", "javascript is disabled",
    "this site requires javascript", "you need to enable javascript", "activa javascript", "habilite javascript",
    "activez javascript", "activer javascript", "braucht javascript", "benotigt javascript", "javascript aktivieren",
    "ative o javascript", "abilita javascript", "attiva javascript",
)
ROOTS = ("root", "app", "__next", "__nuxt", "___gatsby", "react-root", "app-root", "main-app", "q-app", "svelte")
HANDOVERS = ("samlrequest", "samlresponse", "wresult", "id_token")  # fields by which one host hands a visitor to another
CAPTCHAS = ("h-captcha", "g-recaptcha", "cf-turnstile", "px-captcha", "frc-captcha")
# fmt: on
