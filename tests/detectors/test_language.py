"""Short texts: what is surely another language is not read, and the rest of an ordinary day is."""

from __future__ import annotations

import pytest

from detectors._language import is_large_part, is_unread, load_languages

ORDINARY = """
Grand rounds today at noon in Annenberg 13
Happy Diwali from our cardiology team!
Dr. Maria Gonzalez, Dr. Wei Zhang, Dr. Priya Raman, Dr. Olu Adeyemi
Congratulations Jean-Pierre Dubois, Francois Lefebvre, Camille Moreau
#HeartMonth #CardioTwitter #MedEd #NurseTwitter #Residency
Matched at Mount Sinai! Internal Medicine, here I come
Gracias a todos por su apoyo durante estos meses
Feliz cumpleaños mamá querida
Buenos días Nueva York, lindo amanecer desde Queens
Nuevo estudio sobre diabetes tipo 2 publicado hoy
Muchas felicidades doctora Gutierrez
Clínica gratuita mañana sábado, vacunas disponibles
lol okay sure whatever dude
Pizza night, Netflix, sleepy kitty, goodnight everybody
New paper: epicardial adipose tissue, mitochondrial dysfunction, heart failure
Pembrolizumab, nivolumab, ipilimumab, atezolizumab: checkpoint inhibitors
Laparoscopic cholecystectomy simulation lab tomorrow
Mount Sinai Morningside, Elmhurst, Queens General, Beth Israel
Espresso, croissant, baguette, ratatouille: Paris vacation complete
Marathon training day 45, knees hurting badly
Sushi, ramen, karaage, okonomiyaki at Ippudo tonight
Happy Nurses Week everybody
Night shift survival kit: coffee coffee coffee coffee
Go Knicks! Brunson Hart Anunoby Towns Robinson
hola amigos buen fin de semana
Mi perro duerme todo el día
Comiendo arroz con gandules, pernil, tostones
Felices fiestas familia
Mucho calor hoy, tomen agua, cuiden abuelitos
Join us Thursday, register online, free parking available
Myocarditis pericarditis endocarditis lecture slides attached
Residency interview season begins Monday
Cinco de Mayo margaritas, guacamole, salsa verde
Sinai residents presented posters at ACC Chicago
beautiful sunset over Central Park tonight
Flu shots available, walk-ins welcome, Monday through Friday
donde comemos mañana muchachos, tengo hambre
Vacunación gratis, lunes a viernes, todas las edades
so tired omg need sleep asap
Amazing lecture from Professor Kowalczyk, University Warsaw
Buongiorno! just kidding, still stuck in the Bronx traffic
Rheumatology fellows: Nguyen, Tran, Le, Pham, Hoang, Vo
Thx 4 comin out 2nite, gr8 seeing yall
Coronary angiography, percutaneous intervention, drug eluting stents
Trabajando duro, doce horas seguidas, cansada pero contenta
""".strip().splitlines()


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_short_post_counts_as_read(text: str) -> None:
    languages = load_languages()
    assert not is_unread(languages.name(text))
    assert languages.unread_letters(text)[0] == 0


def test_there_are_ordinary_posts_enough() -> None:
    assert len(ORDINARY) >= 40


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Bonjour à tous nos patients du service de cardiologie, merci", "fr"),
        ("Merci beaucoup à toute l'équipe", "fr"),
        ("Liebe Patienten, unsere Klinik bleibt heute geschlossen", "de"),
    ],
)
def test_a_short_text_that_is_surely_in_another_language_is_named(text: str, language: str) -> None:
    assert load_languages().name(text) == language


def test_english_in_look_alike_letters_is_no_other_language() -> None:
    text = "The patients on the ward are so happy to go home again today. So are we".replace("o", "о").replace("a", "а")
    assert load_languages().unread_letters(text)[0] == 0


def test_only_a_large_part_makes_a_text_not_read() -> None:
    assert is_large_part(40, 100)
    assert not is_large_part(39, 100)
    assert not is_large_part(0, 0)
