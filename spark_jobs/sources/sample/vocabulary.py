"""Words the sample is made of. Every one can be written in Latin-1, and many hold an umlaut, so encodings matter."""

from __future__ import annotations

from typing import NamedTuple


class City(NamedTuple):
    """A city, its region, country, the leading digits of its postal codes and its relative size."""

    name: str
    region: str
    country: str
    postal_prefix: str
    weight: float


CITIES = (
    City("Berlin", "Berlin", "DE", "10", 36),
    City("Hamburg", "Hamburg", "DE", "20", 19),
    City("München", "Bayern", "DE", "80", 15),
    City("Nürnberg", "Bayern", "DE", "90", 5),
    City("Würzburg", "Bayern", "DE", "97", 2),
    City("Köln", "Nordrhein-Westfalen", "DE", "50", 11),
    City("Düsseldorf", "Nordrhein-Westfalen", "DE", "40", 6),
    City("Münster", "Nordrhein-Westfalen", "DE", "48", 3),
    City("Mönchengladbach", "Nordrhein-Westfalen", "DE", "41", 3),
    City("Frankfurt am Main", "Hessen", "DE", "60", 8),
    City("Gießen", "Hessen", "DE", "35", 1),
    City("Stuttgart", "Baden-Württemberg", "DE", "70", 6),
    City("Tübingen", "Baden-Württemberg", "DE", "72", 1),
    City("Leipzig", "Sachsen", "DE", "04", 6),
    City("Görlitz", "Sachsen", "DE", "02", 1),
    City("Dresden", "Sachsen", "DE", "01", 5),
    City("Hannover", "Niedersachsen", "DE", "30", 5),
    City("Göttingen", "Niedersachsen", "DE", "37", 1),
    City("Bremen", "Bremen", "DE", "28", 5),
    City("Kiel", "Schleswig-Holstein", "DE", "24", 2),
    City("Lübeck", "Schleswig-Holstein", "DE", "23", 2),
    City("Rostock", "Mecklenburg-Vorpommern", "DE", "18", 2),
    City("Erfurt", "Thüringen", "DE", "99", 2),
    City("Saarbrücken", "Saarland", "DE", "66", 1),
    City("Mainz", "Rheinland-Pfalz", "DE", "55", 2),
    City("Magdeburg", "Sachsen-Anhalt", "DE", "39", 2),
    City("Potsdam", "Brandenburg", "DE", "14", 2),
    City("Wien", "Wien", "AT", "1", 3.0),
    City("Graz", "Steiermark", "AT", "8", 1.0),
    City("Strasbourg", "Grand Est", "FR", "67", 1.6),
    City("Zürich", "Zürich", "CH", "8", 1.8),
    City("Basel", "Basel-Stadt", "CH", "4", 0.8),
    City("Kraków", "Malopolska", "PL", "30-", 1.2),
)
POSTAL_LENGTH = {"DE": 5, "AT": 4, "FR": 5, "CH": 4, "PL": 6}
CALLING_CODE = {"DE": "+49", "AT": "+43", "FR": "+33", "CH": "+41", "PL": "+48"}
CURRENCIES = ("EUR", "CHF", "PLN", "USD", "GBP")
COUNTRY_CURRENCY = {"DE": "EUR", "AT": "EUR", "FR": "EUR", "CH": "CHF", "PL": "PLN"}
#: Price and income level against the euro, in units of the currency.
PRICE_LEVEL = {"EUR": 1.0, "CHF": 1.5, "PLN": 3.0, "USD": 1.1, "GBP": 0.9}

FEMALE_NAMES = tuple(
    """Anna Béatrice Bärbel Christine Dörte Elif Emma Françoise Hanna Heike Ingrid Jördis Julia Käthe Klara Lena Marie
    Mia Nadine Petra Sabine Sophie Søren-Marie Ursula Zoë Özlem Änne Renée""".split()
)
MALE_NAMES = tuple(
    """Ahmet Andreas André Björn Christoph Daniel Felix Günther Hans Jan Jörg Jürgen Jérôme Karl Lukas Maximilian Mehmet
    Michael Noah Paul Peter René Sören Stefan Thomas Tomasz Uwe Götz""".split()
)
LAST_NAMES = tuple(
    """Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer Richter Klein Wolf
    Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Werner Krause Lehmann König Köhler Walter
    Mayer Kaiser Fuchs Lang Scholz Möller Weiß Jung Hahn Vogel Keller Günther Frank Berger Winkler Lorenz Böhm Kraus
    Jäger Yildiz Özdemir Groß Lefèvre Dubois Kowalski Nowak Gößwein Größl Dürr""".split()
)
STREETS = (
    "Hauptstraße",
    "Bahnhofstraße",
    "Gartenweg",
    "Schulstraße",
    "Lindenallee",
    "Bergstraße",
    "Kirchgasse",
    "Mühlweg",
    "Jägerstraße",
    "Am Brühl",
    "Goethestraße",
    "Schillerplatz",
    "Königsallee",
    "Uferstraße",
    "Grünstraße",
    "Blücherplatz",
)
EMPLOYERS = (
    "Stadtwerke Süd",
    "Klinikum am Park",
    "Maschinenbau Vöhringer",
    "Logistik Nord",
    "Schulamt",
    "Universität",
    "Bäckerei Größl",
    "Autohaus Krüger",
    "Software-Werkstatt",
    "Versicherung Löwe",
    "Chemie Ruhr",
    "Gemeindekasse",
    "Hotel Schönblick",
    "Bau Jäger",
    "Handelshaus Böhm",
)
GROCERS = (
    "Markthalle",
    "Frischmarkt Müller",
    "Bioladen Grün",
    "Supermarkt Süd",
    "Discount 24",
    "Metzgerei Weiß, Inh. Jäger",
)
HOUSEHOLD_SHOPS = (
    "Baumarkt Krüger",
    "Möbelhaus Schönblick",
    "Drogerie Löwe",
    "Elektro Böhm",
    "Stadtwerke Süd",
    "Apotheke am Tor",
)
LEISURE_SHOPS = (
    "Kino Capitol",
    'Café "Zur Mühle"',
    "Buchhandlung Köhler",
    "Sportverein 1898",
    "Konzerthaus",
    "Gasthof Dürr",
)
TRAVEL_SHOPS = ("Bahn", "Reisebüro Jürgens", "Hotel Bellevue", "Fluglinie Nord", "Mietwagen Süd")
INSURERS = ("Versicherung Löwe", "Alte Münchener Leben", "Krankenkasse Nord")
PENSION_FUNDS = ("Deutsche Rentenkasse", "Versorgungswerk Süd")
AGENCIES = ("Agentur für Arbeit", "Studierendenwerk")
