-- Pages to try the search of the handbook with.

insert into handbook (id, body) values
    ('coats', 'Coats hang in the hall. In Oslo it rains: take one with you when you travel.'),
    ('orders', 'An order is delivered within two days. The desk knows its number and where it is.'),
    ('badges', 'A lost badge is blocked at once; a ticket at the desk gets you a new one.'),
    ('travel', 'Travel is booked by the desk. Amounts in other currencies are converted on the day.');
